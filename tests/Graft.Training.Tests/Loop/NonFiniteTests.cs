using Graft.Models;
using Graft.Peft;
using Graft.Training.Data;

namespace Graft.Training.Tests.Loop;

public sealed class NonFiniteTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_broken_base_weight_is_named()
    {
        using PeftModel model = TinyRuns.Model();
        WeightSlot slot = model.Base.DistinctWeights().First(weight => weight.Name == "transformer.h.1.mlp.dense_h_to_4h.weight").Slot;
        slot.Original.Values[17] = float.NaN;
        NonFiniteException e = Fails(model, Runs.Arguments(_folder.Path));

        Assert.StartsWith("step 1: the loss is NaN", e.Message, StringComparison.Ordinal);
        Assert.Contains("transformer.h.1.mlp.dense_h_to_4h.weight already contains NaN", e.Message, StringComparison.Ordinal);
        Assert.Empty(Directory.GetDirectories(_folder.Path));
    }

    [Fact]
    public void A_broken_adapter_weight_is_named()
    {
        using PeftModel model = TinyRuns.Model();
        TrainableParameter trainable = model.TrainableParameters()[3];
        trainable.Parameter.Values[0] = float.PositiveInfinity;

        Assert.Contains($"{trainable.Name} already contains NaN or infinity", Fails(model, Runs.Arguments(_folder.Path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Numbers_that_break_on_the_way_are_traced_to_the_row_and_the_block_and_nothing_is_updated()
    {
        using PeftModel model = TinyRuns.Model("llama");
        foreach (TrainableParameter trainable in model.TrainableParameters().Where(trainable => trainable.Name.Contains("layers.1.mlp.down_proj.lora_B", StringComparison.Ordinal)))
        {
            trainable.Parameter.Values.Fill(3e38f);
        }

        TokenizedSample[] samples = TinyRuns.Samples(9);
        var evaluator = new Evaluator(model.Base, new Graft.Tensors.Tape());
        int row = Array.FindIndex(samples, sample => !double.IsFinite(evaluator.Run([sample], 1).TokenLoss));
        float[] before = Runs.Values(model);
        NonFiniteException e = Fails(model, Runs.Arguments(_folder.Path) with { Shuffle = false });

        Assert.InRange(row, 0, 5);
        string expected = $"step 1: the loss is NaN; it begins with row tiny.jsonl:{row + 1}, in the output of model.layers.1. Nothing was updated.";
        Assert.True(e.Message.StartsWith(expected, StringComparison.Ordinal), e.Message);
        Runs.SameBits(before, Runs.Values(model));
    }

    [Fact]
    public void A_diverging_rate_stops_the_run_and_keeps_the_state_before()
    {
        using PeftModel model = TinyRuns.Model();
        TrainingArguments arguments = Runs.Arguments(_folder.Path) with { Optim = "sgd", LearningRate = 1e25, MaxGradNorm = 0, LrSchedulerType = "constant", WarmupSteps = 0, NumTrainEpochs = 20 };
        var recorder = new StepRecorder();
        NonFiniteException e = Fails(model, arguments, recorder);
        int done = recorder.Steps.Count;

        Assert.True(done > 0);
        Assert.StartsWith($"step {done + 1}: ", e.Message, StringComparison.Ordinal);
        Assert.Contains("Lower learning_rate", e.Message, StringComparison.Ordinal);
        string folder = _folder.Of($"checkpoint-{done}");
        Assert.Contains(folder, e.Message, StringComparison.Ordinal);

        using var adapter = Graft.Formats.SafetensorsFile.Open(Path.Combine(folder, "adapter_model.safetensors"));
        Assert.All(adapter.Tensors, tensor => Assert.All(tensor.ToSingles(), value => Assert.True(float.IsFinite(value))));
    }

    [Fact]
    public void A_step_that_makes_weights_infinite_is_blamed_on_the_rate()
    {
        using PeftModel model = TinyRuns.Model();
        TrainingArguments arguments = Runs.Arguments(_folder.Path) with { Optim = "sgd", LearningRate = 1e40, MaxGradNorm = 0, LrSchedulerType = "constant", WarmupSteps = 0, SaveSteps = 1 };
        NonFiniteException e = Fails(model, arguments);

        Assert.StartsWith("step 2: ", e.Message, StringComparison.Ordinal);
        Assert.Contains("an earlier step has made", e.Message, StringComparison.Ordinal);
        Assert.Contains("checkpoint-1", e.Message, StringComparison.Ordinal);
    }

    private static NonFiniteException Fails(PeftModel model, TrainingArguments arguments, ITrainingObserver? observer = null)
    {
        using var trainer = new Trainer(model, TinyRuns.Samples(9), arguments);
        return Assert.Throws<NonFiniteException>(() => trainer.Train(observer));
    }
}
