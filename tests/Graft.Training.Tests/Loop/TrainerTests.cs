using Graft.Peft;
using Graft.Training.Data;

namespace Graft.Training.Tests.Loop;

public sealed class TrainerTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("bloom", true)]
    [InlineData("gpt2", true)]
    [InlineData("llama", true)]
    [InlineData("llama", false)]
    public void Training_lowers_the_loss(string family, bool adapter)
    {
        var recorder = new StepRecorder();
        TrainingArguments arguments = Quick() with { NumTrainEpochs = 60, LearningRate = 0.02, LrSchedulerType = "cosine" };
        Runs.Train(arguments, TinyRuns.Samples(12), () => TinyRuns.Model(family, adapter), recorder);

        Assert.True(recorder.Steps[^1].Loss < recorder.Steps[0].Loss / 2, $"from {recorder.Steps[0].Loss} to {recorder.Steps[^1].Loss}");
    }

    [Fact]
    public void Warm_up_by_ratio_is_warm_up_by_steps()
    {
        double[] Rates(TrainingArguments arguments)
        {
            var recorder = new StepRecorder();
            Runs.Train(arguments, TinyRuns.Samples(11), observer: recorder);
            return [.. recorder.Steps.Select(step => step.LearningRate)];
        }

        TrainingArguments none = Quick() with { WarmupSteps = 0 };
        Assert.Equal(Rates(none with { WarmupSteps = 3 }), Rates(none with { WarmupRatio = 0.5 }));
        Assert.Equal(Rates(none with { WarmupSteps = 2 }), Rates(none with { WarmupSteps = 0.3 }));
        Assert.Equal(Rates(none with { WarmupSteps = 2 }), Rates(none with { WarmupRatio = 0.3 }));
        Assert.Equal(Rates(none with { WarmupSteps = 2 }), Rates(none with { WarmupSteps = 2, WarmupRatio = 0.9 }));
        Assert.Equal(0, Rates(none with { WarmupSteps = 2 })[0]);
        Assert.Equal(0.01, Rates(none)[0]);
    }

    [Fact]
    public void Tokens_seen_are_counted_on_request()
    {
        TokenizedSample[] samples = [.. new[] { 3, 7, 5, 4 }.Select((length, i) => new TokenizedSample([.. Enumerable.Range(1, length)], [.. Enumerable.Range(1, length)], new RowSource("a", i + 1)))];
        TrainingArguments arguments = Quick() with { PerDeviceTrainBatchSize = 2, GradientAccumulationSteps = 1, NumTrainEpochs = 1, Shuffle = false };
        double?[] Seen(InputTokenCount count)
        {
            var recorder = new StepRecorder();
            Runs.Train(arguments with { IncludeNumInputTokensSeen = count }, samples, observer: recorder);
            return [.. recorder.Rows.Select(row => row["num_input_tokens_seen"])];
        }

        Assert.Equal([null, null, null], Seen(InputTokenCount.No));
        Assert.Equal([14, 24, 24], Seen(InputTokenCount.All));
        Assert.Equal([10, 19, 19], Seen(InputTokenCount.NonPadding));
    }

    [Fact]
    public async Task Steps_can_be_read_as_a_stream()
    {
        using PeftModel model = TinyRuns.Model();
        using var trainer = new Trainer(model, TinyRuns.Samples(11), Quick());
        var recorder = new StepRecorder();
        var seen = new List<int>();
        await foreach (StepReport step in trainer.StepsAsync(recorder))
        {
            seen.Add(step.Step);
        }

        Assert.Equal([1, 2, 3, 4, 5, 6], seen);
        Assert.Equal(6, recorder.Result!.GlobalStep);
    }

    [Fact]
    public async Task Leaving_the_stream_saves_and_the_run_can_go_on()
    {
        TrainingArguments arguments = Runs.Arguments(_folder.Path) with { NumTrainEpochs = 60 };
        using PeftModel model = TinyRuns.Model(loraDropout: 0.2);
        var recorder = new StepRecorder();
        using (var trainer = new Trainer(model, TinyRuns.Samples(11), arguments))
        {
            await foreach (StepReport step in trainer.StepsAsync(recorder))
            {
                if (step.Step == 3)
                {
                    break;
                }
            }
        }

        Assert.True(recorder.Result!.Interrupted);
        Assert.Equal($"checkpoint-{recorder.Result.GlobalStep}", Path.GetFileName(recorder.Result.LastCheckpoint));
        Assert.Equal([$"checkpoint-{recorder.Result.GlobalStep}"], recorder.Saves);
    }

    [Fact]
    public async Task Errors_come_out_of_the_stream()
    {
        using PeftModel model = TinyRuns.Model();
        model.TrainableParameters()[0].Parameter.Values[0] = float.NaN;
        using var trainer = new Trainer(model, TinyRuns.Samples(11), Quick());

        await Assert.ThrowsAsync<NonFiniteException>(async () =>
        {
            await foreach (StepReport _ in trainer.StepsAsync())
            {
                Assert.Fail("there is no step");
            }
        });
    }

    [Fact]
    public void A_run_told_to_stop_before_it_begins_does_nothing()
    {
        using var source = new CancellationTokenSource();
        source.Cancel();
        Runs.Train(Quick() with { EvalStrategy = IntervalStrategy.Epoch, EvalOnStart = true }, TinyRuns.Samples(9), out TrainingResult result, evalSamples: TinyRuns.Samples(3), cancellationToken: source.Token);

        Assert.True(result.Interrupted);
        Assert.Equal(0, result.GlobalStep);
        Assert.Null(result.LastCheckpoint);
    }

    [Fact]
    public void A_trainer_runs_once()
    {
        using PeftModel model = TinyRuns.Model();
        using var trainer = new Trainer(model, TinyRuns.Samples(9), Quick());
        trainer.Train();

        Assert.Throws<InvalidOperationException>(() => trainer.Train());
    }

    [Fact]
    public void What_cannot_be_trained_is_refused()
    {
        using PeftModel model = TinyRuns.Model();
        Assert.Contains("held-back", Assert.Throws<ArgumentException>(() => new Trainer(model, TinyRuns.Samples(9), Quick() with { EvalStrategy = IntervalStrategy.Epoch })).Message, StringComparison.Ordinal);
        Assert.Contains("no training samples", Assert.Throws<ArgumentException>(() => new Trainer(model, [], Quick())).Message, StringComparison.Ordinal);
        model.MergeAdapter();
        Assert.Contains("default are merged", Assert.Throws<ArgumentException>(() => new Trainer(model, TinyRuns.Samples(9), Quick())).Message, StringComparison.Ordinal);
        model.UnmergeAdapter();
        model.SetAdapter();
        Assert.Contains("nothing is trainable", Assert.Throws<ArgumentException>(() => new Trainer(model, TinyRuns.Samples(9), Quick())).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Samples_that_do_not_fit_the_model_are_refused_by_row()
    {
        using PeftModel model = TinyRuns.Model("gpt2");
        void Refused(string says, int[] ids, int[] labels)
        {
            TokenizedSample[] samples = [.. TinyRuns.Samples(4), new TokenizedSample(ids, labels, new RowSource("bad.jsonl", 7))];
            string training = Assert.Throws<ArgumentException>(() => new Trainer(model, samples, Quick())).Message;
            string held = Assert.Throws<ArgumentException>(() => new Trainer(model, TinyRuns.Samples(4), Quick() with { EvalStrategy = IntervalStrategy.Epoch }, samples)).Message;

            Assert.StartsWith("bad.jsonl:7: ", training, StringComparison.Ordinal);
            Assert.Contains(says, training, StringComparison.Ordinal);
            Assert.Equal(training, held);
        }

        Refused("65 tokens, but the model has 64 positions", new int[65], new int[65]);
        Refused("token 1 has id 48, but the model knows 48 tokens", [1, 48], [1, 2]);
        Refused("token 0 has id -1", [-1, 4], [1, 2]);
        Refused("label 1 is 48", [1, 4], [1, 48]);
        Refused("label 0 is -1", [1, 4], [-1, 4]);
        Refused("0 tokens and 0 labels", [], []);
        Refused("2 tokens and 1 labels", [1, 2], [1]);
    }

    [Fact]
    public void Loraplus_trains_B_faster()
    {
        float Moved(double? ratio)
        {
            using PeftModel model = TinyRuns.Model();
            TrainableParameter b = model.TrainableParameters().First(parameter => parameter.Name.Contains("lora_B", StringComparison.Ordinal));
            using var trainer = new Trainer(model, TinyRuns.Samples(9), Quick() with { MaxSteps = 1, LearningRate = 1e-3, WarmupSteps = 0, LoraplusLrRatio = ratio });
            trainer.Train();
            return b.Parameter.ToArray().Max(Math.Abs);
        }

        // Adam's first step is the rate itself.
        Assert.Equal(1e-3f, Moved(null), 1e-5f);
        Assert.Equal(16e-3f, Moved(16), 1e-4f);
    }

    private TrainingArguments Quick() => Runs.Arguments(_folder.Path) with { SaveStrategy = IntervalStrategy.No };
}
