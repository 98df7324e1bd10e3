namespace Graft.Training.Tests.Evaluation;

public sealed class EarlyStoppingTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void It_stops_after_so_many_values_without_improvement()
    {
        var stopping = new EarlyStopping(patience: 2, threshold: 0);

        Assert.False(stopping.Observe(3, null, greaterIsBetter: false));
        Assert.False(stopping.Observe(4, 3, greaterIsBetter: false));
        Assert.False(stopping.Observe(2, 3, greaterIsBetter: false));
        Assert.Equal(0, stopping.PatienceCounter);
        Assert.False(stopping.Observe(2, 2, greaterIsBetter: false));
        Assert.True(stopping.Observe(double.NaN, 2, greaterIsBetter: false));
    }

    [Fact]
    public void An_improvement_must_exceed_the_threshold_in_the_right_direction()
    {
        var stopping = new EarlyStopping(patience: 1, threshold: 0.5);

        Assert.False(stopping.Observe(3, 4, greaterIsBetter: false));
        Assert.True(stopping.Observe(2.6, 3, greaterIsBetter: false));
        Assert.False(stopping.Observe(4, 3, greaterIsBetter: true));
        Assert.True(stopping.Observe(2, 3, greaterIsBetter: true));
    }

    [Fact]
    public void A_run_that_gets_worse_ends_early_and_stays_ended_when_resumed()
    {
        TrainingArguments arguments = Diverging(_folder.Path) with { EarlyStoppingPatience = 2 };
        var recorder = new StepRecorder();
        Runs.Train(arguments, TinyRuns.Samples(9), out TrainingResult result, observer: recorder, evalSamples: TinyRuns.Samples(4, seed: 5));
        double[] losses = [.. recorder.Evaluations.Select(evaluation => evaluation.EvalLoss)];

        Assert.True(result.StoppedEarly);
        Assert.False(result.Interrupted);
        Assert.True(result.GlobalStep < 30);
        Assert.Equal(2, result.State.EarlyStopping!.PatienceCounter);
        Assert.Equal(losses.Min(), result.State.BestMetric);
        Assert.All(losses[^2..], loss => Assert.True(loss >= losses.Min()));

        var again = new StepRecorder();
        Runs.Train(arguments with { ResumeFromCheckpoint = "true" }, TinyRuns.Samples(9), out TrainingResult resumed, observer: again, evalSamples: TinyRuns.Samples(4, seed: 5));
        Assert.Empty(again.Steps);
        Assert.Equal(result.GlobalStep, resumed.GlobalStep);

        var longer = new StepRecorder();
        Runs.Train(arguments with { ResumeFromCheckpoint = "true", EarlyStoppingPatience = 4 }, TinyRuns.Samples(9), observer: longer, evalSamples: TinyRuns.Samples(4, seed: 5));
        Assert.NotEmpty(longer.Steps);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void The_best_model_is_what_remains(int limit)
    {
        TrainingArguments arguments = Diverging(_folder.Path) with { LoadBestModelAtEnd = true, SaveTotalLimit = limit, NumTrainEpochs = 8 };
        float[] values = Runs.Train(arguments, TinyRuns.Samples(9), out TrainingResult result, evalSamples: TinyRuns.Samples(4, seed: 5));
        string best = _folder.Of($"checkpoint-{result.State.BestGlobalStep}");

        Assert.True(result.State.BestGlobalStep < result.GlobalStep, "the run has not got worse: nothing is tested");
        Assert.Equal(best, result.State.BestModelCheckpoint);
        Assert.Equal(limit, Directory.GetDirectories(_folder.Path, "checkpoint-*").Length);
        using Graft.Formats.SafetensorsFile adapter = Graft.Formats.SafetensorsFile.Open(Path.Combine(best, "adapter_model.safetensors"));
        float[] saved = [.. adapter.Tensors.SelectMany(tensor => tensor.ToSingles()).Order()];
        Assert.Equal(saved, values.Order());
    }

    /// <summary>A rate so high that the held-back loss soon rises.</summary>
    private static TrainingArguments Diverging(string output) => Runs.Arguments(output) with
    {
        LearningRate = 0.5,
        LrSchedulerType = "constant",
        NumTrainEpochs = 15,
        EvalStrategy = IntervalStrategy.Steps,
        EvalSteps = 1,
        SaveSteps = 1,
        MetricForBestModel = "loss",
    };
}
