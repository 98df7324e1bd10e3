using System.Text.Json.Nodes;

namespace Graft.Models.Tests.Loading;

public class TiedHeadTests
{
    private const string Embedding = "transformer.word_embeddings.weight";
    private const string Head = "lm_head.weight";

    [Fact]
    public void A_tied_head_is_the_embedding()
    {
        using var folder = new SmallModel(SmallModel.Bloom);
        using CausalLanguageModel model = folder.Load();
        Assert.Same(model.InputEmbedding.Weight.Original, model.Head.Weight.Original);
        Assert.DoesNotContain(model.DistinctWeights(), weight => weight.Name == Head);
    }

    [Fact]
    public void A_head_that_was_saved_with_the_same_values_is_tied_again()
    {
        using var folder = new SmallModel(SmallModel.Bloom);
        folder.Add(Head, [SmallModel.Vocabulary, 24], folder[Embedding]);
        using CausalLanguageModel model = folder.Load();
        Assert.Same(model.InputEmbedding.Weight.Original, model.Head.Weight.Original);
    }

    [Fact]
    public void A_head_with_other_values_stays_as_it_is()
    {
        using var folder = new SmallModel(SmallModel.Bloom);
        float[] other = [.. folder[Embedding].Select(value => value / 2)];
        folder.Add(Head, [SmallModel.Vocabulary, 24], other);
        using CausalLanguageModel model = folder.Load();
        Assert.Equal(other, model.Head.Weight.Original.ToArray());
        Assert.Equal(folder[Embedding], model.InputEmbedding.Weight.Original.ToArray());
    }

    [Fact]
    public void A_head_alone_is_the_embedding_too()
    {
        using var folder = new SmallModel(SmallModel.Bloom);
        float[] values = folder[Embedding];
        folder.Remove(Embedding);
        folder.Add(Head, [SmallModel.Vocabulary, 24], values);
        using CausalLanguageModel model = folder.Load();
        Assert.Same(model.InputEmbedding.Weight.Original, model.Head.Weight.Original);
        Assert.Equal(values, model.Head.Weight.Original.ToArray());
    }

    [Fact]
    public void An_untied_model_needs_a_head()
    {
        JsonObject config = JsonNode.Parse(SmallModel.Bloom)!.AsObject();
        config["tie_word_embeddings"] = false;
        using var folder = new SmallModel(config.ToJsonString());
        folder.Remove(Head);
        InvalidDataException e = Assert.Throws<InvalidDataException>(() => folder.Load());
        Assert.Contains($"missing: {Head} [61, 24]", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_gradient_of_a_tied_weight_has_both_uses()
    {
        JsonObject config = JsonNode.Parse(SmallModel.Bloom)!.AsObject();
        config["tie_word_embeddings"] = false;
        using var untied = new SmallModel(config.ToJsonString());
        untied.Add(Head, [SmallModel.Vocabulary, 24], untied[Embedding]);
        using var tied = new SmallModel(SmallModel.Bloom);
        foreach (string name in tied.Names)
        {
            untied[name].CopyTo(tied[name], 0);
        }

        const int Count = SmallModel.Vocabulary * 24;
        int[][] batch = [ModelRun.Tokens(9)];
        using CausalLanguageModel two = untied.Load();
        using CausalLanguageModel one = tied.Load();
        float[] separate = ModelRun.Gradients(two, batch).Gradients;
        float[] together = ModelRun.Gradients(one, batch).Gradients;
        // The embedding is the first weight in the buffer, the head the last; each starts at a multiple of 16.
        float[] head = separate[^(((Count + 15) / 16) * 16)..][..Count];
        ModelRun.AssertClose([.. separate[..Count].Zip(head, (a, b) => (double)a + b)], together.AsSpan(0, Count), 1e-6);
    }
}
