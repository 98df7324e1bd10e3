using System.Text.Json;
using Graft.Cli.Configuration;
using Graft.Models;
using Graft.Tensors;

namespace Graft.Cli.Tests.Commands;

/// <summary>Base models that are quantised while they are loaded, by every verb.</summary>
public sealed class QuantizedBaseTests(Workshop workshop) : IClassFixture<Workshop>
{
    private static readonly string[] FourBit = ["--load_in_4bit", "--bnb_4bit_quant_type", "nf4", "--bnb_4bit_use_double_quant", "true", "--bnb_4bit_compute_dtype", "torch.bfloat16"];

    [Theory]
    [InlineData("adamw_8bit", "--load_in_8bit")]
    [InlineData("paged_adamw_8bit", "--load_in_4bit")]
    [InlineData("adamw_bnb_8bit", "--quantization_config", "{load_in_4bit: true, bnb_4bit_use_double_quant: true, bnb_4bit_quant_storage: uint8, quant_method: bitsandbytes}")]
    [InlineData("paged_lion_8bit", "--load_in_8bit", "--llm_int8_threshold", "0", "--llm_int8_skip_modules", "lm_head", "dense")]
    public void The_loss_falls_and_the_run_says_how_the_base_is_stored(string optimizer, params string[] options)
    {
        string name = $"q-{optimizer}";
        ToolRun run = workshop.Train(name, [.. options, "--optim", optimizer, "--max_steps", "16", "--learning_rate", optimizer.Contains("lion") ? "3e-3" : "2e-2", "--target_modules", "all-linear", "--json"]);
        Assert.True(run.Code == 0, run.Results);
        JsonElement[] losses = [.. run.Events.Where(e => e.GetProperty("event").GetString() == "log").Select(e => e.GetProperty("loss"))];
        Assert.True(losses[^1].GetDouble() < losses[0].GetDouble() - 0.05, string.Join(" ", losses));
        var saved = RunConfiguration.Load(workshop.NewPath(name));
        Assert.NotNull(saved.ToQuantizationConfig());
        Assert.True(saved.Get(TrainingKeys.GradientCheckpointing));
        Assert.Equal(0, Workshop.Run("eval", workshop.NewPath(name), "--data", workshop.Data).Code);
        Assert.Equal(0, Workshop.Run("generate", "--adapter", workshop.NewPath(name), "--which", "both", "--prompt", "the cat", "--max-new-tokens", "3").Code);
    }

    [Fact]
    public void The_words_alone_and_under_quantization_config_are_the_same_run()
    {
        string nested = workshop.Write("nested.yaml", File.ReadAllText(workshop.Settings) + "\n" + """
            quantization_config:
              load_in_4bit: true
              bnb_4bit_quant_type: nf4
              bnb_4bit_use_double_quant: true
              bnb_4bit_compute_dtype: bfloat16
              _load_in_4bit: true
              quant_method: bitsandbytes
            """);
        Assert.Equal(0, Workshop.Run("train", nested, "--output", workshop.NewPath("nested")).Code);
        Assert.Equal(0, workshop.Train("flat", FourBit).Code);
        Assert.Equal(Bytes("nested"), Bytes("flat"));
        Assert.Equal(Bytes("flat"), Bytes(Path.Combine("flat", "checkpoint-4")));
        Assert.Equal(0, workshop.Train("plain").Code);
        Assert.NotEqual(Bytes("plain"), Bytes("flat"));
    }

    [Fact]
    public void What_was_quantised_before_trains_to_the_same_bits()
    {
        string folder = workshop.NewPath("prequantised");
        Assert.Equal(0, Workshop.Run(["quantize", workshop.Model, "--into", folder, .. FourBit]).Code);
        Assert.Equal(0, workshop.Train("on-load", FourBit).Code);
        ToolRun run = workshop.Train("before", "--model", folder);
        Assert.True(run.Code == 0, run.Errors);
        Assert.Equal(Bytes("on-load"), Bytes("before"));
        Assert.True(RunConfiguration.Load(workshop.NewPath("before")).Get(TrainingKeys.GradientCheckpointing));
        ToolRun other = workshop.Train("in-8", "--model", folder, "--load_in_8bit");
        Assert.Contains("is quantised to 4 bits already: it cannot be loaded in 8", other.Errors);
        Assert.Contains("cannot be trained itself", workshop.Train("whole", "--model", folder, "--method", "full").Errors);
    }

    [Fact]
    public void Recomputing_blocks_is_the_default_but_not_forced()
    {
        Assert.Equal(0, workshop.Train("kept", [.. FourBit, "--gradient_checkpointing", "false"]).Code);
        Assert.False(RunConfiguration.Load(workshop.NewPath("kept")).Get(TrainingKeys.GradientCheckpointing));
        Assert.Equal(0, workshop.Train("recomputed", FourBit).Code);
        Assert.Equal(Bytes("kept"), Bytes("recomputed"));
    }

    [Fact]
    public void The_model_is_ready_for_an_adapter()
    {
        string model = workshop.NewPath("bf16");
        Assert.Equal(0, Workshop.Run("init", workshop.NewPath("config.json"), "--into", model, "--tokenizer", workshop.Model, "--dtype", "bfloat16").Code);
        var configuration = RunConfiguration.Load(workshop.Settings, Flags(("model", model), ("load_in_4bit", "true"), ("modules_to_save", "ln_f")));
        using PreparedRun run = PreparedRun.Prepare(configuration, CancellationToken.None);
        Assert.All(run.Model.Base.DistinctWeights(), weight => Assert.True(weight.Slot.Original.Quantized is FourBitMatrix || weight.Slot.Original.DType == DType.Float32, weight.Name));
        Assert.All(run.Model.Base.DistinctWeights(), weight => Assert.False(weight.Slot.Original.RequiresGrad));
        Assert.Contains(run.Model.TrainableParameters(), trained => trained.Name.Contains("ln_f", StringComparison.Ordinal));
        Assert.All(run.Model.TrainableParameters(), trained => Assert.Equal(DType.Float32, trained.Parameter.DType));
        Assert.True(run.Arguments.GradientCheckpointing);
    }

    [Fact]
    public void Eval_measures_the_base_as_the_run_had_it_unless_told_otherwise()
    {
        Assert.Equal(0, workshop.Train("measured", FourBit).Code);
        double asTrained = BaseLoss();
        Assert.NotEqual(asTrained, BaseLoss("--load-in-4bit", "false"));
        Assert.Equal(asTrained, BaseLoss("--load-in-4bit", "--bnb-4bit-quant-type", "nf4"));
        Assert.NotEqual(asTrained, BaseLoss("--load-in-8bit"));

        double BaseLoss(params string[] flags)
        {
            ToolRun run = Workshop.Run(["eval", workshop.NewPath("measured"), "--data", workshop.Data, "--json", .. flags]);
            Assert.True(run.Code == 0, run.Results);
            return run.Event("summary").GetProperty("base_loss").GetDouble();
        }
    }

    [Fact]
    public void Plan_counts_the_bytes_of_codes_and_scales()
    {
        long plain = Weights();
        long eight = Weights("--load_in_8bit");
        long four = Weights(FourBit);
        Assert.True(four < eight && eight < plain, $"{four} {eight} {plain}");

        long Weights(params string[] flags)
        {
            ToolRun run = Workshop.Run(["plan", workshop.Settings, "--json", .. flags]);
            Assert.True(run.Code == 0, run.Results);
            return run.Event("summary").GetProperty("base_bytes").GetInt64();
        }
    }

    [Fact]
    public void Inspect_shows_the_model_as_it_would_be_loaded()
    {
        ToolRun run = Workshop.Run("inspect", workshop.Model, "--load-in-8bit", "--json");
        Assert.Equal("int8 (8)", run.Event("summary").GetProperty("facts").GetProperty("quantized_weights").GetString());
        Assert.False(Workshop.Run("inspect", workshop.Model, "--json").Event("summary").GetProperty("facts").TryGetProperty("quantized_weights", out _));
    }

    [Fact]
    public void Words_without_effect_are_noted()
    {
        ToolRun run = Workshop.Run("preview", workshop.Settings, "--bnb_4bit_compute_dtype", "bfloat16");
        Assert.Contains("bnb_4bit_compute_dtype has no effect: it matters only with load_in_4bit", run.Errors);
        Assert.Contains("llm_int8_threshold has no effect", Workshop.Run("preview", workshop.Settings, "--load_in_4bit", "--llm_int8_threshold", "5").Errors);
        Assert.DoesNotContain("no effect", Workshop.Run(["preview", workshop.Settings, .. FourBit]).Errors);
    }

    [Fact]
    public void An_empty_list_of_skipped_modules_is_not_none()
    {
        string yaml = workshop.Write("skips.yaml", "load_in_8bit: true\nllm_int8_skip_modules: []");
        Assert.Empty(RunConfiguration.Load(yaml).ToQuantizationConfig()!.LlmInt8SkipModules!);
        Assert.Contains("llm_int8_skip_modules: []", RunConfiguration.Load(yaml).ToYaml());
        Assert.Null(RunConfiguration.Load(null, Flags(("load_in_8bit", "true"))).ToQuantizationConfig()!.LlmInt8SkipModules);
    }

    private static IEnumerable<KeyValuePair<string, ConfigNode>> Flags(params (string Name, string Value)[] flags)
        => flags.Select(flag => KeyValuePair.Create(flag.Name, ConfigNode.Scalar($"--{flag.Name}", null, flag.Value, isQuoted: false)));

    private byte[] Bytes(string name) => File.ReadAllBytes(Path.Combine(workshop.NewPath(name), "adapter_model.safetensors"));
}
