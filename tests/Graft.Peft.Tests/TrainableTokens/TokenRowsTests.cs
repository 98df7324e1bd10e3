namespace Graft.Peft.Tests.TrainableTokens;

public class TokenRowsTests
{
    private const string Delta = "token_adapter.trainable_tokens_delta";

    [Fact]
    public void Rows_start_as_those_of_the_embedding_in_the_order_of_the_list()
    {
        using var folder = new SmallModel(SmallModel.Llama);
        using PeftModel model = AdapterRun.With(folder, Config(9, 4, 60));
        float[] table = folder["model.embed_tokens.weight"];
        Assert.Equal([.. new[] { 9, 4, 60 }.SelectMany(token => table[(token * 24)..((token + 1) * 24)])], Rows(model, "model.embed_tokens").ToArray());
    }

    [Fact]
    public void A_row_acts_on_its_token_only_and_a_tied_head_follows()
    {
        using var untied = new SmallModel(SmallModel.Llama);
        using PeftModel model = AdapterRun.With(untied, Config(9));
        int[] without = [5, 4, 3];
        float[] before = ModelRun.Logits(model.Base, without);
        Rows(model, "model.embed_tokens").Values.Fill(0.5f);
        Assert.Equal(before, ModelRun.Logits(model.Base, without));
        Assert.NotEqual(before, ModelRun.Logits(model.Base, 5, 9, 3));

        using var tied = new SmallModel(SmallModel.Bloom);
        using PeftModel follows = AdapterRun.With(tied, Config(9));
        before = ModelRun.Logits(follows.Base, without);
        Rows(follows, "transformer.word_embeddings").Values.Fill(0.5f);
        float[] after = ModelRun.Logits(follows.Base, without);
        for (int i = 0; i < after.Length; i++)
        {
            Assert.Equal(i % 61 != 9, before[i] == after[i]);
        }
    }

    [Fact]
    public void A_head_may_have_rows_of_its_own()
    {
        using var folder = new SmallModel(SmallModel.Llama);
        TokenIndices indices = TokenIndices.Of(new Dictionary<string, IReadOnlyList<int>> { ["embed_tokens"] = [3, 4], ["lm_head"] = [4] });
        using PeftModel model = AdapterRun.With(folder, new LoraConfig { TrainableTokenIndices = indices });
        Assert.Equal([2, 24], Rows(model, "model.embed_tokens").Shape);
        Assert.Equal([1, 24], Rows(model, "lm_head").Shape);
        Assert.Contains(AdapterRun.Gradients(model)[$"base_model.model.lm_head.{Delta}"], value => value != 0);
    }

    [Fact]
    public void A_target_of_lora_cannot_have_trained_rows_too()
    {
        using var folder = new SmallModel(SmallModel.Llama);
        ArgumentException e = Assert.Throws<ArgumentException>(() => AdapterRun.With(folder, AdapterRun.Lora("embed_tokens") with { TrainableTokenIndices = TokenIndices.Of(3) }));
        Assert.Contains("model.embed_tokens is in target_modules and has trainable_token_indices", e.Message, StringComparison.Ordinal);
    }

    private static LoraConfig Config(params int[] tokens) => new() { TrainableTokenIndices = TokenIndices.Of(tokens) };

    private static Parameter Rows(PeftModel model, string module) => model.TrainableParameters().Single(parameter => parameter.Key == $"base_model.model.{module}.{Delta}").Parameter;
}
