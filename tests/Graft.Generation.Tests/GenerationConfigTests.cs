using System.Text;
using System.Text.Json;
using static Graft.Generation.Tests.Processors.ProcessorRuns;

namespace Graft.Generation.Tests;

public sealed class GenerationConfigTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("graft-generation-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Its_own_file_comes_before_the_models()
    {
        Write("config.json", """{"eos_token_id": 3, "model_type": "llama"}""");
        Assert.Equal([3], GenerationConfig.Load(_folder).EosTokenId);
        Assert.Empty(GenerationConfig.Load(_folder).Other);
        Write("generation_config.json", """{"eos_token_id": [5, 6], "top_k": 7}""");
        GenerationConfig config = GenerationConfig.Load(_folder);
        Assert.Equal([5, 6], config.EosTokenId);
        Assert.Equal(7, config.TopK);
    }

    [Fact]
    public void Special_tokens_may_be_inside_the_text_config()
    {
        Write("config.json", """{"text_config": {"eos_token_id": 9, "top_k": 3}}""");
        GenerationConfig config = GenerationConfig.Load(_folder);
        Assert.Equal([9], config.EosTokenId);
        Assert.Null(config.TopK);
    }

    [Fact]
    public void An_empty_folder_has_defaults() => Assert.Null(GenerationConfig.Load(_folder).EosTokenId);

    [Fact]
    public void A_call_wins_over_the_file_and_null_unsets()
    {
        GenerationConfig file = Config("""{"eos_token_id": 5, "top_k": 7, "temperature": 0.5}""");
        GenerationConfig merged = file.With(Config("""{"top_k": 9}"""));
        using JsonDocument arguments = JsonDocument.Parse("""{"eos_token_id": null, "temperature": 2}""");
        merged.Apply(arguments.RootElement);
        Assert.Null(merged.EosTokenId);
        Assert.Equal(9, merged.TopK);
        Assert.Equal(2, merged.Temperature);
        Assert.Equal(7, file.TopK);
    }

    [Theory]
    [InlineData("{}", 4, null, 24)]
    [InlineData("{}", 4, 16, 16)]
    [InlineData("""{"max_length": 30}""", 4, 16, 30)]
    [InlineData("""{"max_new_tokens": 3, "max_length": 30}""", 4, null, 7)]
    public void Length_limits(string json, int promptLength, int? positions, int expected)
        => Assert.Equal(expected, Config(json).LimitLength(positions).TotalFor(promptLength));

    [Fact]
    public void Unknown_keys_survive_writing()
    {
        const string Json = """{"bad_words_ids":[[1,2]],"do_sample":true,"early_stopping":"never","eos_token_id":[1,2],"exponential_decay_length_penalty":[2,1.5],"pad_token_id":0,"sequence_bias":[[[3],1.5]],"stop_strings":["a"],"transformers_version":"5.0.0"}""";
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream))
        {
            Config(Json).WriteTo(writer);
        }

        Assert.Equal(Json, Encoding.UTF8.GetString(stream.ToArray()));
    }

    [Theory]
    [InlineData("""{"top_k": "many"}""", "top_k")]
    [InlineData("""{"top_k": 1.5}""", "top_k")]
    [InlineData("""{"bad_words_ids": [3]}""", "bad_words_ids")]
    [InlineData("""{"sequence_bias": [[[3]]]}""", "sequence_bias")]
    [InlineData("""[]""", "object")]
    [InlineData("""{""", "JSON")]
    public void Broken_files_say_what_and_where(string json, string expected)
    {
        Write("generation_config.json", json);
        InvalidDataException error = Assert.Throws<InvalidDataException>(() => GenerationConfig.Load(_folder));
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
        Assert.Contains("generation_config.json", error.Message, StringComparison.Ordinal);
    }

    private void Write(string name, string text) => File.WriteAllText(Path.Combine(_folder, name), text);
}
