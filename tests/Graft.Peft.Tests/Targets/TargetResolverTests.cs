namespace Graft.Peft.Tests.Targets;

public class TargetResolverTests
{
    private const string Layer0 = "model.layers.0.";
    private const string Layer1 = "model.layers.1.";

    [Fact]
    public void Entries_are_whole_paths_or_endings_at_a_dot()
    {
        Assert.Equal([$"{Layer0}self_attn.q_proj", $"{Layer1}self_attn.q_proj"], Resolve(new LoraConfig { TargetModules = ["q_proj"] }));
        Assert.Equal([$"{Layer0}self_attn.q_proj", $"{Layer1}self_attn.q_proj"], Resolve(new LoraConfig { TargetModules = ["self_attn.q_proj"] }));
        Assert.Equal([$"{Layer1}self_attn.q_proj"], Resolve(new LoraConfig { TargetModules = [$"{Layer1}self_attn.q_proj"] }));
        Assert.Throws<ArgumentException>(() => Resolve(new LoraConfig { TargetModules = ["proj"] }));
    }

    [Fact]
    public void An_expression_must_match_the_whole_path()
    {
        Assert.Equal([$"{Layer1}self_attn.k_proj", $"{Layer1}self_attn.v_proj"], Resolve(new LoraConfig { TargetModules = @".*\.1\..*(k|v)_proj" }));
        Assert.Throws<ArgumentException>(() => Resolve(new LoraConfig { TargetModules = "q_proj" }));
        Assert.Throws<ArgumentException>(() => Resolve(new LoraConfig { TargetModules = ".*q_pro" }));
        Assert.Equal([$"{Layer0}self_attn.q_proj", $"{Layer1}self_attn.q_proj"], Resolve(new LoraConfig { TargetModules = @"(?P<root>model).*\.q_proj" }));
    }

    [Fact]
    public void Layers_are_chosen_by_the_first_number_unless_the_path_is_given_in_full()
    {
        Assert.Equal([$"{Layer1}self_attn.q_proj"], Resolve(new LoraConfig { TargetModules = ["q_proj"], LayersToTransform = [1] }));
        Assert.Equal([$"{Layer1}self_attn.q_proj"], Resolve(new LoraConfig { TargetModules = ["q_proj"], LayersToTransform = [1], LayersPattern = "layers" }));
        Assert.Equal([$"{Layer0}self_attn.k_proj", $"{Layer1}self_attn.q_proj"], Resolve(new LoraConfig { TargetModules = ["q_proj", $"{Layer0}self_attn.k_proj"], LayersToTransform = [1] }));
        Assert.Equal([$"{Layer0}self_attn.q_proj", $"{Layer1}self_attn.q_proj"], Resolve(new LoraConfig { TargetModules = ["q_proj"], LayersToTransform = [] }));
        Assert.Throws<ArgumentException>(() => Resolve(new LoraConfig { TargetModules = ["q_proj"], LayersToTransform = [1], LayersPattern = "h" }));
    }

    [Fact]
    public void Modules_that_are_excluded_or_saved_as_a_whole_are_no_targets()
    {
        Assert.Equal([$"{Layer0}self_attn.q_proj"], Resolve(new LoraConfig { TargetModules = ["q_proj"], ExcludeModules = ["layers.1.self_attn.q_proj"] }));
        Assert.Equal([$"{Layer0}self_attn.q_proj"], Resolve(new LoraConfig { TargetModules = ["q_proj"], ExcludeModules = ".*1.*" }));
        Assert.Equal([$"{Layer0}mlp.up_proj", $"{Layer1}self_attn.q_proj", $"{Layer1}mlp.up_proj"], Resolve(new LoraConfig { TargetModules = ["q_proj", "up_proj"], ModulesToSave = ["layers.0.self_attn"] }));
    }

    [Fact]
    public void Nothing_matched_shows_what_there_is()
    {
        string message = Assert.Throws<ArgumentException>(() => Resolve(new LoraConfig { TargetModules = ["query_key_value"] })).Message;
        Assert.Contains("'query_key_value' matches no module of this llama model", message, StringComparison.Ordinal);
        Assert.Contains("embed_tokens, q_proj, k_proj, v_proj, o_proj, gate_proj, up_proj, down_proj, lm_head", message, StringComparison.Ordinal);
    }

    [Fact]
    public void All_linear_leaves_out_the_head_and_is_saved_as_names()
    {
        using var folder = new SmallModel(SmallModel.Llama);
        using PeftModel model = AdapterRun.With(folder, new LoraConfig { TargetModules = "ALL-linear" });
        var config = (LoraConfig)model.ConfigOf("default");
        Assert.Equal(14, config.TargetModules!.Count);
        Assert.DoesNotContain("lm_head", config.TargetModules);
        Assert.Equal(28, model.TrainableParameters().Count);
    }

    [Fact]
    public void Long_lists_shrink_to_the_fewest_endings()
    {
        Assert.Equal(["q", "v"], TargetNames.Shorten([.. Enumerable.Range(0, 12).SelectMany(i => new[] { $"h.{i}.attn.q", $"h.{i}.attn.v" })], ["h.0.attn.k", "head"]).Order());
        Assert.Equal(["attn.proj"], TargetNames.Shorten(["h.0.attn.proj", "h.1.attn.proj"], ["h.0.mlp.proj"]));
        Assert.Equal(["0.attn.q"], TargetNames.Shorten(["h.0.attn.q"], ["h.1.attn.q"]));
    }

    [Theory]
    [InlineData(SmallModel.Bloom, "query_key_value", false)]
    [InlineData(SmallModel.Gpt2, "c_attn", true)]
    [InlineData(SmallModel.Llama, "q_proj,v_proj", false)]
    public void Without_targets_the_familys_usual_ones_are_taken(string config, string expected, bool fanInFanOut)
    {
        using var folder = new SmallModel(config);
        using PeftModel model = AdapterRun.With(folder, new LoraConfig());
        var resolved = (LoraConfig)model.ConfigOf("default");
        Assert.Equal(expected, string.Join(',', resolved.TargetModules!));
        Assert.Equal(fanInFanOut, resolved.FanInFanOut);
    }

    private static string[] Resolve(LoraConfig config)
    {
        config.Validate();
        using CausalLanguageModel model = CausalLanguageModel.Create(ConfigReader.Parse(SmallModel.Llama), seed: 1);
        return [.. new TargetResolver(model, config).Resolve().Select(module => module.Name)];
    }
}
