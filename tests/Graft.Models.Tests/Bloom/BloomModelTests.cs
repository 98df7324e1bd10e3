using System.Text.Json.Nodes;

namespace Graft.Models.Tests.Bloom;

public class BloomModelTests
{
    private const string Embedding = "transformer.word_embeddings.weight";

    [Theory]
    [InlineData(4, false, 1e-5, true)]
    [InlineData(4, true, 1e-5, true)]
    [InlineData(1, false, 1e-5, true)]
    [InlineData(3, false, 1e-5, true)]
    [InlineData(6, true, 1e-3, true)]
    [InlineData(12, false, 1e-2, true)]
    [InlineData(4, false, 1e-5, false)]
    public void Logits_are_those_of_the_plain_formulas(int heads, bool postNormResidual, double epsilon, bool tied)
    {
        JsonObject config = Config();
        config["n_head"] = heads;
        config["apply_residual_connection_post_layernorm"] = postNormResidual;
        config["layer_norm_epsilon"] = epsilon;
        config["tie_word_embeddings"] = tied;
        using var folder = new SmallModel(config.ToJsonString());
        int[] ids = ModelRun.Tokens(9);
        using CausalLanguageModel model = folder.Load();
        double[] expected = new BloomReference(folder, 24, heads, epsilon, postNormResidual, tied ? Embedding : "lm_head.weight").Logits(ids, layers: 2);
        ModelRun.AssertClose(expected, ModelRun.Logits(model, ids), 2e-5);
    }

    [Fact]
    public void The_switches_of_other_implementations_change_nothing()
    {
        using var folder = new SmallModel(SmallModel.Bloom);
        float[] expected = Logits(folder);
        JsonObject config = Config();
        config["slow_but_exact"] = true;
        config["pretraining_tp"] = 4;
        config["attention_softmax_in_fp32"] = true;
        config["use_cache"] = false;
        config["offset_alibi"] = 100;
        folder.Config = config.ToJsonString();
        Assert.Equal(expected, Logits(folder));
    }

    [Fact]
    public void The_spellings_of_the_original_files_are_read()
    {
        using var folder = new SmallModel(SmallModel.Bloom);
        float[] expected = Logits(folder);
        JsonObject config = Config();
        Rename(config, "hidden_size", "n_embed");
        Rename(config, "n_layer", "num_hidden_layers");
        Rename(config, "n_head", "num_attention_heads");
        folder.Config = config.ToJsonString();
        Assert.Equal(expected, Logits(folder));
    }

    [Fact]
    public void Old_checkpoints_lack_the_prefix_of_the_base_model()
    {
        using var folder = new SmallModel(SmallModel.Bloom);
        float[] expected = Logits(folder);
        folder.Rename(name => name["transformer.".Length..]);
        Assert.Contains("h.0.mlp.dense_h_to_4h.weight", folder.Names);
        Assert.Equal(expected, Logits(folder));
    }

    [Fact]
    public void Hidden_dropout_acts_in_training_only()
    {
        JsonObject config = Config();
        config["hidden_dropout"] = 0.3;
        using var folder = new SmallModel(config.ToJsonString());
        int[][] batch = [ModelRun.Tokens(8)];
        using CausalLanguageModel model = folder.Load();
        double still = ModelRun.Gradients(model, batch).Loss;
        Assert.NotEqual(still, ModelRun.Gradients(model, batch, training: true).Loss);
        folder.Config = SmallModel.Bloom;
        using CausalLanguageModel without = CausalLanguageModel.Load(folder.Write());
        Assert.Equal(still, ModelRun.Gradients(without, batch, training: true).Loss);
    }

    private static JsonObject Config() => JsonNode.Parse(SmallModel.Bloom)!.AsObject();

    private static void Rename(JsonObject config, string from, string to)
    {
        config[to] = config[from]!.DeepClone();
        config.Remove(from);
    }

    private static float[] Logits(SmallModel folder)
    {
        using CausalLanguageModel model = folder.Load();
        return ModelRun.Logits(model, ModelRun.Tokens(9));
    }
}
