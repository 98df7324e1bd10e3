namespace Graft.Models.Tests.Configuration;

public class ConfigReaderTests
{
    [Theory]
    [InlineData("{\"vocab_size\": 3", "is not valid JSON (line 1")]
    [InlineData("[1, 2]", "a JSON object is expected, found Array")]
    [InlineData("{}", "model_type is missing; known are")]
    [InlineData("{\"model_type\": 3}", "model_type must be a text")]
    [InlineData("{\"model_type\": \"bloom\"}", "vocab_size is missing")]
    [InlineData("{\"model_type\": \"bloom\", \"vocab_size\": -4}", "vocab_size must be positive, but is -4")]
    [InlineData("{\"model_type\": \"bloom\", \"vocab_size\": 4}", "hidden_size or n_embed is missing")]
    [InlineData("{\"model_type\": \"bloom\", \"vocab_size\": 4, \"hidden_size\": 30, \"n_head\": 8}", "hidden_size 30 is not a multiple of n_head 8")]
    [InlineData("{\"model_type\": \"bloom\", \"vocab_size\": 4, \"hidden_size\": 32, \"tie_word_embeddings\": 1}", "tie_word_embeddings must be true or false")]
    [InlineData("{\"model_type\": \"gpt2\", \"vocab_size\": 4, \"n_embd\": 12.5}", "n_embd must be an integer, but is 12.5")]
    public void A_mistake_is_named_with_the_file_and_the_field(string json, string expected)
    {
        InvalidDataException e = Assert.Throws<InvalidDataException>(() => ModelFamilies.Of(ConfigReader.Parse(json, "some/config.json"), out _));
        Assert.StartsWith("some/config.json", e.Message, StringComparison.Ordinal);
        Assert.Contains(expected, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_unknown_family_is_refused_with_those_that_are_known()
    {
        NotSupportedException e = Assert.Throws<NotSupportedException>(() => ModelFamilies.Of(ConfigReader.Parse("""{"model_type": "blooom"}"""), out _));
        Assert.Contains("'blooom'", e.Message, StringComparison.Ordinal);
        Assert.Contains("bloom, ", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Families_have_names_of_their_own()
        => Assert.Equal(ModelFamilies.All.Count, ModelFamilies.All.Select(family => family.ModelType).Distinct().Count());

    [Fact]
    public void Defaults_of_the_family_apply_where_a_field_is_absent()
    {
        ModelFamilies.Of(ConfigReader.Parse("""{"model_type": "bloom", "vocab_size": 4, "hidden_size": 64}"""), out ModelConfig bloom);
        Assert.True(bloom.TieWordEmbeddings);
        Assert.Equal(2, bloom.LayerCount);
        Assert.Equal([2], bloom.EosTokenIds);
        ModelFamilies.Of(ConfigReader.Parse("""{"model_type": "llama", "vocab_size": 4, "hidden_size": 64, "num_attention_heads": 4, "eos_token_id": [7, 9]}"""), out ModelConfig llama);
        Assert.False(llama.TieWordEmbeddings);
        Assert.Equal(32, llama.LayerCount);
        Assert.Equal([7, 9], llama.EosTokenIds);
        Assert.Equal(64, llama.KeyValueWidth);
    }

    [Fact]
    public void Null_is_absent()
    {
        ConfigReader reader = ConfigReader.Parse("""{"n_inner": null, "eos_token_id": null}""");
        Assert.Equal(12, reader.SizeOr(12, "n_inner"));
        Assert.Empty(reader.IntegerOrList("eos_token_id"));
        Assert.Null(reader.OptionalInteger("n_inner"));
    }
}
