using Graft.Peft;
using Graft.Tensors.Threading;
using Graft.Training.Data;

namespace Graft.Training.Tests.Loop;

public sealed class DeterminismTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly int _workers = WorkerPool.Shared.WorkerCount;

    public void Dispose()
    {
        WorkerPool.Resize(_workers);
        _folder.Dispose();
    }

    [Theory]
    [InlineData("bloom", true)]
    [InlineData("gpt2", true)]
    [InlineData("llama", true)]
    [InlineData("bloom", false)]
    [InlineData("bloom", true, true)]
    [InlineData("llama", false, true)]
    public void The_number_of_threads_does_not_change_a_bit(string family, bool adapter, bool bf16 = false)
    {
        float[] Train(int threads)
        {
            WorkerPool.Resize(threads);
            return Runs.Train(Quick() with { Bf16 = bf16 }, TinyRuns.Samples(9), () => TinyRuns.Model(family, adapter, loraDropout: 0.2));
        }

        float[] one = Train(1);
        Assert.All(one, value => Assert.True(float.IsFinite(value)));
        Assert.All(new[] { 2, 3, 8 }, threads => Runs.SameBits(one, Train(threads)));
    }

    [Theory]
    [InlineData("bloom", true)]
    [InlineData("llama", true)]
    [InlineData("gpt2", false)]
    [InlineData("bloom", true, true)]
    [InlineData("llama", true, true)]
    [InlineData("gpt2", false, true)]
    [InlineData("llama", false, true)]
    public void Gradient_checkpointing_does_not_change_a_bit(string family, bool adapter, bool bf16 = false)
    {
        float[] Train(bool checkpointing)
            => Runs.Train(Quick() with { GradientCheckpointing = checkpointing, Bf16 = bf16 }, TinyRuns.Samples(9), () => TinyRuns.Model(family, adapter, loraDropout: 0.2));

        Runs.SameBits(Train(false), Train(true));
    }

    [Theory]
    [InlineData(12, 4, 0.0)]
    [InlineData(11, 4, 0.0)]
    [InlineData(11, 4, 0.3)]
    public void Accumulated_batches_of_one_are_a_batch_of_n_to_rounding(int count, int n, double dropout)
    {
        (float[] Values, StepRecorder Steps) Train(int batch, int accumulation)
        {
            var steps = new StepRecorder();
            TrainingArguments arguments = Quick() with { PerDeviceTrainBatchSize = batch, GradientAccumulationSteps = accumulation, NumTrainEpochs = 2, Optim = "sgd", LearningRate = 0.1 };
            return (Runs.Train(arguments, TinyRuns.Samples(count), () => TinyRuns.Model("llama", loraDropout: dropout), steps), steps);
        }

        (float[] together, StepRecorder steps) = Train(n, 1);
        (float[] oneByOne, StepRecorder accumulated) = Train(1, n);
        Assert.Equal((count + n - 1) / n * 2, steps.Steps.Count);
        Assert.Equal(steps.Steps.Select(step => (step.Step, step.TrainableTokens, step.Tokens)), accumulated.Steps.Select(step => (step.Step, step.TrainableTokens, step.Tokens)));
        Assert.All(steps.Steps.Zip(accumulated.Steps), pair => Assert.Equal(pair.First.Loss, pair.Second.Loss, 5e-6));
        Assert.All(steps.Steps.Zip(accumulated.Steps), pair => Assert.Equal(pair.First.GradNorm, pair.Second.GradNorm, 2e-5));
        Assert.All(together.Zip(oneByOne), pair => Assert.Equal(pair.First, pair.Second, 2e-5f));
    }

    [Fact]
    public void A_window_is_normalised_by_its_own_tokens_however_uneven_its_batches_are()
    {
        // One row with 11 counted tokens and one with 1: a mean of the batches' means would weigh the short one eleven times.
        TokenizedSample[] samples =
        [
            new([.. Enumerable.Range(0, 12)], [.. Enumerable.Range(0, 12)], new RowSource("a", 1)),
            new([5, 6], [5, 6], new RowSource("a", 2)),
        ];
        var steps = new StepRecorder();
        TrainingArguments arguments = Quick() with { PerDeviceTrainBatchSize = 1, GradientAccumulationSteps = 2, MaxSteps = 1, Shuffle = false };
        using PeftModel model = TinyRuns.Model("gpt2");
        double[] single = [.. samples.Select(sample => new Evaluator(model.Base, new Graft.Tensors.Tape()).Run([sample], 1).EvalLoss)];
        using var trainer = new Trainer(model, samples, arguments);
        trainer.Train(steps);

        Assert.Equal(((11 * single[0]) + single[1]) / 12, steps.Steps[0].Loss, 1e-6);
    }

    private TrainingArguments Quick() => Runs.Arguments(_folder.Path) with { SaveStrategy = IntervalStrategy.No };
}
