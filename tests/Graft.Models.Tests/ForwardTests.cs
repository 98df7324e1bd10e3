using Graft.Tensors;

namespace Graft.Models.Tests;

public class ForwardTests
{
    public static TheoryData<string> Families => [SmallModel.Bloom, SmallModel.Gpt2, SmallModel.Llama];

    [Theory]
    [MemberData(nameof(Families))]
    public void A_batch_gives_the_bits_of_its_sequences_one_by_one(string config)
    {
        using var folder = new SmallModel(config);
        using CausalLanguageModel model = folder.Load();
        int[][] sequences = [ModelRun.Tokens(7, 1), ModelRun.Tokens(1, 2), ModelRun.Tokens(12, 3), ModelRun.Tokens(7, 4)];
        Assert.Equal(sequences.SelectMany(ids => ModelRun.Logits(model, ids)), ModelRun.Logits(model, sequences));
    }

    [Theory]
    [MemberData(nameof(Families))]
    public void Recomputing_blocks_changes_no_bit_of_loss_and_gradients(string config)
    {
        using var folder = new SmallModel(config);
        int[][] sequences = [ModelRun.Tokens(7, 1), ModelRun.Tokens(5, 2)];
        using CausalLanguageModel model = folder.Load();
        foreach (bool training in new[] { false, true })
        {
            (double loss, float[] gradients) = ModelRun.Gradients(model, sequences, gradientCheckpointing: false, training);
            (double again, float[] recomputed) = ModelRun.Gradients(model, sequences, gradientCheckpointing: true, training);
            Assert.Equal(loss, again);
            Assert.Equal(gradients, recomputed);
            Assert.Contains(gradients, value => value != 0);
        }
    }

    [Theory]
    [InlineData(SmallModel.Bloom, "attention_dropout")]
    [InlineData(SmallModel.Gpt2, "attn_pdrop")]
    [InlineData(SmallModel.Llama, "attention_dropout")]
    public void Attention_drops_probabilities_in_training_alone(string config, string key)
    {
        config = config.Replace("0.1", "0", StringComparison.Ordinal);
        int[][] sequences = [ModelRun.Tokens(7, 1), ModelRun.Tokens(5, 2)];
        double Loss(double dropout, bool training)
        {
            using var folder = new SmallModel(config) { Config = config.TrimEnd()[..^1] + $", \"{key}\": {dropout}}}" };
            using CausalLanguageModel model = folder.Load();
            return ModelRun.Gradients(model, sequences, training: training).Loss;
        }

        Assert.Equal(Loss(0, training: false), Loss(0.5, training: false));
        Assert.Equal(Loss(0, training: false), Loss(0, training: true));
        Assert.NotEqual(Loss(0, training: true), Loss(0.5, training: true));
    }

    [Theory]
    [MemberData(nameof(Families))]
    public void A_token_does_not_see_what_comes_after_it(string config)
    {
        using var folder = new SmallModel(config);
        using CausalLanguageModel model = folder.Load();
        int[] ids = ModelRun.Tokens(9);
        float[] all = ModelRun.Logits(model, ids);
        Assert.Equal(all[..(4 * SmallModel.Vocabulary)], ModelRun.Logits(model, ids[..4]));
    }

    [Theory]
    [MemberData(nameof(Families))]
    public void Decoding_with_a_cache_gives_the_logits_of_the_whole_sequence(string config)
    {
        using var folder = new SmallModel(config);
        using CausalLanguageModel model = folder.Load();
        int[] ids = ModelRun.Tokens(11);
        double[] expected = [.. ModelRun.Logits(model, ids)[^SmallModel.Vocabulary..].Select(value => (double)value)];
        ModelRun.AssertClose(expected, ModelRun.LogitsWithCache(model, ids, prefill: 4), 1e-5);
    }

    [Theory]
    [MemberData(nameof(Families))]
    public void New_models_are_a_function_of_the_seed(string config)
    {
        float[] Weights(ulong seed, DType dtype = DType.Float32)
        {
            using CausalLanguageModel model = CausalLanguageModel.Create(ConfigReader.Parse(config), seed, dtype);
            return [.. model.DistinctWeights().SelectMany(weight => weight.Slot.Original.ToArray())];
        }

        Assert.Equal(Weights(3), Weights(3));
        Assert.NotEqual(Weights(3), Weights(4));
        Assert.Equal([.. Weights(3).Select(value => BFloat16.ToSingle(BFloat16.FromSingle(value)))], Weights(3, DType.BFloat16));
    }

    [Fact]
    public void A_token_outside_the_embedding_is_refused()
    {
        using var folder = new SmallModel(SmallModel.Bloom);
        using CausalLanguageModel model = folder.Load();
        ArgumentException e = Assert.Throws<ArgumentException>(() => ModelRun.Logits(model, 5, SmallModel.Vocabulary));
        Assert.Contains("token id 61", e.Message, StringComparison.Ordinal);
        Assert.Contains("the tokenizer does not fit the model", e.Message, StringComparison.Ordinal);
    }
}
