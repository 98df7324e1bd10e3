using Graft.Models;
using Graft.Peft;
using Graft.Tensors;
using Graft.Training.Data;

namespace Graft.Training.Tests.Loop;

/// <summary>What <c>bf16: true</c> promises: half the activations, gradients and losses that hardly differ from fp32's.</summary>
public sealed unsafe class BFloat16Tests : IDisposable
{
    private const string Bloom = """
        { "model_type": "bloom", "vocab_size": 96, "hidden_size": 64, "n_layer": 4, "n_head": 4, "initializer_range": 0.08 }
        """;

    private const string Llama = """
        { "model_type": "llama", "vocab_size": 96, "hidden_size": 64, "intermediate_size": 160, "num_hidden_layers": 4, "num_attention_heads": 4, "num_key_value_heads": 2,
          "max_position_embeddings": 256, "rms_norm_eps": 1e-5, "initializer_range": 0.08, "tie_word_embeddings": true }
        """;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(Bloom, true)]
    [InlineData(Llama, true)]
    [InlineData(Bloom, false)]
    [InlineData(Llama, false)]
    public void Gradients_point_where_those_of_fp32_point(string config, bool adapter)
    {
        (Dictionary<string, float[]> expected, _) = Gradients(config, adapter, ComputePrecision.Float32, checkpointing: false);
        (Dictionary<string, float[]> actual, _) = Gradients(config, adapter, ComputePrecision.BFloat16, checkpointing: false);
        Assert.All(expected, gradient =>
        {
            double cosine = Cosine(gradient.Value, actual[gradient.Key]);
            Assert.True(cosine > 0.999, $"{gradient.Key}: {cosine}");
        });
        Assert.Contains(expected, gradient => !gradient.Value.AsSpan().SequenceEqual(actual[gradient.Key]));
    }

    [Theory]
    [InlineData(Bloom)]
    [InlineData(Llama)]
    public void Half_the_memory_is_kept_for_the_backward_pass(string config)
    {
        foreach (bool checkpointing in new[] { false, true })
        {
            (_, long single) = Gradients(config, adapter: true, ComputePrecision.Float32, checkpointing);
            // Few layers: the last rows before the head, which stay fp32, are a third of what checkpointing keeps.
            (_, long half) = Gradients(config, adapter: true, ComputePrecision.BFloat16, checkpointing);
            Assert.InRange(half / (double)single, 0.48, checkpointing ? 0.75 : 0.56);
        }
    }

    [Fact]
    public void Quantised_and_half_width_bases_are_rounded_alike()
    {
        // A bf16 base is taken as it is; the same values in fp32 are rounded while they are decoded: the same bits.
        float[] Train(DType dtype)
        {
            PeftModel Model()
            {
                var model = new PeftModel(CausalLanguageModel.Create(ConfigReader.Parse(Llama), seed: 3, DType.BFloat16));
                if (dtype != DType.BFloat16)
                {
                    ModelQuantization.Convert(model.Base, dtype);
                }

                model.AddAdapter(new LoraConfig { R = 4 }, seed: 5);
                return model;
            }

            return Runs.Train(Quick() with { MaxSteps = 3 }, TinyRuns.Samples(9), Model);
        }

        Runs.SameBits(Train(DType.BFloat16), Train(DType.Float32));
    }

    [Theory]
    [InlineData(Bloom, true)]
    [InlineData(Llama, false)]
    public void The_loss_is_that_of_fp32_within_a_percent_at_every_evaluation(string config, bool adapter)
    {
        TokenizedSample[] samples = TinyRuns.Samples(64);
        TokenizedSample[] held = TinyRuns.Samples(24, seed: 5);
        List<double> Losses(bool bf16)
        {
            TrainingArguments arguments = Quick() with
            {
                OutputDir = _folder.Of($"{bf16}"),
                Bf16 = bf16,
                PerDeviceTrainBatchSize = 8,
                MaxSteps = 60,
                EvalStrategy = IntervalStrategy.Steps,
                EvalSteps = 10,
                EvalOnStart = true,
                LearningRate = 2e-3,
            };
            Runs.Train(arguments, samples, out TrainingResult result, () => Model(config, adapter), evalSamples: held);
            return [.. result.State.LogHistory.Select(row => row["eval_loss"]).OfType<double>()];
        }

        List<double> single = Losses(bf16: false);
        List<double> half = Losses(bf16: true);
        Assert.Equal(7, single.Count);
        Assert.True(single[^1] < 0.9 * single[0], $"{single[0]} to {single[^1]}");
        Assert.All(single.Zip(half), pair => Assert.InRange(pair.Second / pair.First, 0.99, 1.01));
        Assert.NotEqual(single, half);
    }

    [Fact]
    public void A_run_does_not_go_on_in_another_precision()
    {
        TrainingArguments arguments = Quick() with { MaxSteps = 4, SaveStrategy = IntervalStrategy.Steps, SaveSteps = 2 };
        Runs.Train(arguments, TinyRuns.Samples(9));
        InvalidDataException refused = Assert.Throws<InvalidDataException>(() => Runs.Train(arguments with { Bf16 = false, ResumeFromCheckpoint = _folder.Of("checkpoint-2") }, TinyRuns.Samples(9)));
        Assert.Contains("bf16 was true, now it is false", refused.Message);
    }

    private static PeftModel Model(string config, bool adapter)
    {
        var model = new PeftModel(CausalLanguageModel.Create(ConfigReader.Parse(config), seed: 3));
        if (adapter)
        {
            model.AddAdapter(new LoraConfig { R = 8, LoraAlpha = 16, TargetModules = ModuleSelection.FromString("all-linear"), InitLoraWeights = LoraInitialization.Random }, seed: 5);
        }

        return model;
    }

    /// <summary>Gradients of a batch by name, and the step memory in use at the end of the forward pass.</summary>
    private static (Dictionary<string, float[]> Gradients, long Kept) Gradients(string config, bool adapter, ComputePrecision precision, bool checkpointing)
    {
        using PeftModel model = Model(config, adapter);
        IReadOnlyList<TrainableParameter> trainable = model.TrainableParameters();
        using var buffer = new ParameterBuffer([.. trainable.Select(parameter => parameter.Parameter)]);
        using var tape = new Tape { Mode = TapeMode.Recording, Precision = precision };
        var batch = new MicroBatch(tape);
        foreach (int length in new[] { 70, 3, 40 })
        {
            int[] ids = [.. Enumerable.Range(0, length).Select(i => ((i * i) + (7 * length)) % 96)];
            batch.Add(new TokenizedSample(ids, ids, new RowSource("test", 1)), key: (ulong)length);
        }

        batch.Context.Training = true;
        batch.Context.GradientCheckpointing = checkpointing;
        Tensor hidden = model.Base.Forward(batch.Context);
        long kept = tape.Arena.BytesInUse;
        model.Base.Loss(batch.Context, hidden, batch.Targets, scale: 1.0 / batch.TrainableTokens);
        tape.Backward();
        return (trainable.ToDictionary(parameter => parameter.Name, parameter => new Span<float>(parameter.Parameter.Gradient, (int)parameter.Parameter.Count).ToArray()), kept);
    }

    private static double Cosine(float[] a, float[] b)
    {
        double product = a.Zip(b).Sum(pair => (double)pair.First * pair.Second);
        return product / Math.Sqrt(a.Sum(value => (double)value * value) * b.Sum(value => (double)value * value));
    }

    private TrainingArguments Quick() => Runs.Arguments(_folder.Path) with { SaveStrategy = IntervalStrategy.No, Bf16 = true };
}
