using FsCheck;
using FsCheck.Fluent;
using Graft.Formats;
using Graft.Peft;
using Graft.Tensors;
using Graft.Training.Data;

namespace Graft.Training.Tests.Loop;

public sealed class ResumeTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("bloom")]
    [InlineData("llama")]
    [InlineData("llama", true)]
    public void A_run_stopped_after_any_step_goes_on_to_the_same_bits(string family, bool bf16 = false)
    {
        // 11 rows: 4 micro-batches an epoch, 2 windows; steps 1, 3, 5 are in the middle of an epoch, 2 and 4 at its end.
        TokenizedSample[] samples = TinyRuns.Samples(11);
        TrainingArguments straight = Runs.Arguments(_folder.Of("straight")) with { Bf16 = bf16 };
        float[] expected = Runs.Train(straight, samples, () => TinyRuns.Model(family, loraDropout: 0.2));
        for (int step = 1; step < 6; step++)
        {
            TrainingArguments arguments = straight with { OutputDir = _folder.Of($"stopped-{step}") };
            float[] actual = Runs.TrainInTwo(arguments, samples, () => TinyRuns.Model(family, loraDropout: 0.2), new Interrupter { AskAtStep = step });

            Runs.SameBits(expected, actual);
            Runs.SameCheckpoint(_folder.Of("straight", "checkpoint-6"), _folder.Of($"stopped-{step}", "checkpoint-6"));
        }
    }

    [Fact]
    public void A_last_window_that_is_not_full_is_a_boundary_too()
    {
        // 7 micro-batches in windows of 3: the third window of an epoch has one.
        TokenizedSample[] samples = TinyRuns.Samples(7);
        TrainingArguments straight = Runs.Arguments(_folder.Of("straight")) with { PerDeviceTrainBatchSize = 1, GradientAccumulationSteps = 3, NumTrainEpochs = 2 };
        float[] expected = Runs.Train(straight, samples);
        foreach (int step in new[] { 2, 3, 4 })
        {
            Runs.SameBits(expected, Runs.TrainInTwo(straight with { OutputDir = _folder.Of($"stopped-{step}") }, samples, null, new Interrupter { AskAtStep = step }));
        }
    }

    [Fact]
    public void All_weights_and_every_kind_of_state_go_on_too()
    {
        foreach ((string optim, string schedule) in new[] { ("adamw_torch", "cosine"), ("sgd", "polynomial"), ("lion_32bit", "linear"), ("adafactor", "constant"), ("rmsprop", "inverse_sqrt"), ("adagrad", "linear"), ("ademamix", "linear"), ("paged_adamw_8bit", "linear") })
        {
            TrainingArguments straight = Runs.Arguments(_folder.Of(optim, "straight")) with { Optim = optim, LrSchedulerType = schedule, OptimArgs = optim == "sgd" ? "momentum=0.9" : null };
            float[] expected = Runs.Train(straight, TinyRuns.Samples(9), () => TinyRuns.Model(adapter: false));
            Runs.SameBits(expected, Runs.TrainInTwo(straight with { OutputDir = _folder.Of(optim, "stopped") }, TinyRuns.Samples(9), () => TinyRuns.Model(adapter: false), new Interrupter { AskAtStep = 2 }));
        }
    }

    [Fact]
    public void Moments_in_8_bits_go_on_too()
    {
        // A rank that makes the adapter's matrices large enough.
        static PeftModel Model() => TinyRuns.Model(r: 256);
        TrainingArguments straight = Runs.Arguments(_folder.Of("straight")) with { Optim = "adamw_8bit" };
        float[] expected = Runs.Train(straight, TinyRuns.Samples(9), Model);
        Runs.SameBits(expected, Runs.TrainInTwo(straight with { OutputDir = _folder.Of("stopped") }, TinyRuns.Samples(9), Model, new Interrupter { AskAtStep = 2 }));
        using SafetensorsFile file = SafetensorsFile.Open(Path.Combine(Directory.GetDirectories(_folder.Of("stopped"), "checkpoint-*")[0], "optimizer.safetensors"));
        Assert.Contains(file.Tensors, tensor => tensor.DType == DType.UInt8 && tensor.ElementCount >= 4096);
    }

    [Fact]
    public void Schedules_that_follow_a_metric_go_on_too()
    {
        TrainingArguments straight = Runs.Arguments(_folder.Of("straight")) with
        {
            LrSchedulerType = "reduce_lr_on_plateau",
            LrSchedulerKwargs = new Dictionary<string, object?> { ["patience"] = 0.0, ["factor"] = 0.5, ["threshold"] = 10.0, ["threshold_mode"] = "abs" },
            EvalStrategy = IntervalStrategy.Steps,
            EvalSteps = 1,
        };
        var recorder = new StepRecorder();
        float[] expected = Runs.Train(straight, TinyRuns.Samples(9), observer: recorder, evalSamples: TinyRuns.Samples(4, seed: 3));
        Assert.True(recorder.Steps[^1].LearningRate < recorder.Steps[0].LearningRate / 2, "the schedule has done nothing");
        float[] actual = Runs.TrainInTwo(straight with { OutputDir = _folder.Of("stopped") }, TinyRuns.Samples(9), null, new Interrupter { AskAtStep = 3 }, TinyRuns.Samples(4, seed: 3));

        Runs.SameBits(expected, actual);
    }

    [Theory]
    [InlineData(IntervalStrategy.Steps)]
    [InlineData(IntervalStrategy.Epoch)]
    public void A_run_stopped_while_it_evaluates_makes_up_for_the_evaluation(IntervalStrategy strategy)
    {
        TrainingArguments straight = Runs.Arguments(_folder.Of("straight")) with { EvalStrategy = strategy, EvalSteps = 2, SaveSteps = 1, MetricForBestModel = "loss", PerDeviceEvalBatchSize = 2 };
        TokenizedSample[] held = TinyRuns.Samples(6, seed: 5);
        float[] expected = Runs.Train(straight, TinyRuns.Samples(11), evalSamples: held);
        for (int evaluation = 1; evaluation <= 3; evaluation++)
        {
            string output = _folder.Of($"stopped-{evaluation}");
            float[] actual = Runs.TrainInTwo(straight with { OutputDir = output }, TinyRuns.Samples(11), null, new Interrupter { AskAtEvaluation = evaluation }, held);

            Runs.SameBits(expected, actual);
            Runs.SameCheckpoint(_folder.Of("straight", "checkpoint-6"), Path.Combine(output, "checkpoint-6"));
        }
    }

    [Theory]
    [InlineData(2, IntervalStrategy.Steps)]
    [InlineData(4, IntervalStrategy.Epoch)]
    [InlineData(6, IntervalStrategy.Epoch)]
    public void A_crash_between_saving_and_the_end_of_the_epoch_loses_no_evaluation_and_no_row_of_the_log(int step, IntervalStrategy logging)
    {
        TrainingArguments straight = Runs.Arguments(_folder.Of("straight")) with { LoggingStrategy = logging, EvalStrategy = IntervalStrategy.Epoch, SaveSteps = 1, MetricForBestModel = "loss" };
        TokenizedSample[] held = TinyRuns.Samples(6, seed: 5);
        Runs.Train(straight, TinyRuns.Samples(11), out TrainingResult expected, evalSamples: held);
        TrainingArguments arguments = straight with { OutputDir = _folder.Of("crashed") };
        var crash = new Interrupter { CrashAtSave = step };
        crash.Interrupt(token => Runs.Train(arguments, TinyRuns.Samples(11), observer: crash, evalSamples: held, cancellationToken: token));
        Runs.Train(arguments with { ResumeFromCheckpoint = "true" }, TinyRuns.Samples(11), out TrainingResult actual, evalSamples: held);

        Assert.Equal(
            expected.State.LogHistory.Where(row => row["train_loss"] is null).Select(row => (row.Step, row["loss"], row["grad_norm"], row["learning_rate"], row["eval_loss"])),
            actual.State.LogHistory.Where(row => row["train_loss"] is null).Select(row => (row.Step, row["loss"], row["grad_norm"], row["learning_rate"], row["eval_loss"])));
    }

    [Fact]
    public void A_finished_run_has_nothing_to_go_on_with()
    {
        TrainingArguments arguments = Runs.Arguments(_folder.Path);
        float[] expected = Runs.Train(arguments, TinyRuns.Samples(9));
        var recorder = new StepRecorder();
        float[] actual = Runs.Train(arguments with { ResumeFromCheckpoint = "true" }, TinyRuns.Samples(9), observer: recorder);

        Assert.Empty(recorder.Steps);
        Assert.Equal(6, recorder.Plan!.ResumedAt);
        Runs.SameBits(expected, actual);
    }

    [Fact]
    public void Any_run_equals_its_two_halves()
    {
        var cases = from rows in Gen.Choose(2, 14)
                    from batch in Gen.Choose(1, 4)
                    from accumulation in Gen.Choose(1, 3)
                    from epochs in Gen.Choose(1, 3)
                    from packed in Gen.Elements(false, true)
                    from part in Gen.Choose(0, 99)
                    select (rows, batch, accumulation, epochs, packed, part);
        int number = 0;
        Prop.ForAll(cases.ToArbitrary(), run =>
        {
            TrainingArguments straight = new()
            {
                OutputDir = _folder.Of($"{++number}-straight"),
                PerDeviceTrainBatchSize = run.batch,
                MaxTokensPerBatch = run.packed ? 16 : null,
                GradientAccumulationSteps = run.accumulation,
                NumTrainEpochs = run.epochs,
                LearningRate = 0.01,
            };
            float[] expected = Runs.Train(straight, TinyRuns.Samples(run.rows), out TrainingResult result);
            int step = 1 + (run.part * (result.GlobalStep - 1) / 100);
            if (step < result.GlobalStep)
            {
                Runs.SameBits(expected, Runs.TrainInTwo(straight with { OutputDir = _folder.Of($"{number}-stopped") }, TinyRuns.Samples(run.rows), null, new Interrupter { AskAtStep = step }));
            }
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(20));
    }
}
