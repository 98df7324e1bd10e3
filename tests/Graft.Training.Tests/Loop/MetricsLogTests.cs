using System.Text.Json;

namespace Graft.Training.Tests.Loop;

public sealed class MetricsLogTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Every_row_is_a_line_and_the_state_lies_beside_it()
    {
        var recorder = new StepRecorder();
        Train(_folder.Path, resume: false, recorder);
        string[] lines = File.ReadAllLines(_folder.Of(MetricsLog.FileName));

        Assert.Equal(recorder.Rows.Select(row => row.ToJsonLine()), lines);
        Assert.All(lines, line => JsonDocument.Parse(line).Dispose());
        TrainerState state = TrainerState.Load(_folder.Of(TrainerState.FileName));
        Assert.Equal(6, state.GlobalStep);
        Assert.Equal(recorder.Rows.Count, state.LogHistory.Count);
        Assert.NotNull(state.LogHistory[^1]["train_loss"]);
        Assert.Equal(recorder.Result!.State.ToJson(), state.ToJson());
    }

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(6)]
    public void A_resumed_run_has_the_file_of_a_straight_one(int crash)
    {
        Train(_folder.Of("straight"), resume: false);
        var interrupter = new Interrupter { CrashAtSave = crash };
        interrupter.Interrupt(_ => Train(_folder.Of("resumed"), resume: false, interrupter));
        string path = _folder.Of("resumed", MetricsLog.FileName);

        // Rows of steps that come again, and half a row: a kill may leave both.
        File.AppendAllText(path, """{"epoch": 2.0, "loss": 1.0, "step": 6}""" + "\n{\"epoch\": 2");
        Train(_folder.Of("resumed"), resume: true);

        Assert.Equal(Kept(_folder.Of("straight", MetricsLog.FileName)), Kept(path));
    }

    [Fact]
    public void Leftovers_of_a_killed_run_go()
    {
        File.WriteAllText(_folder.Of(".metrics.jsonl.abc.tmp"), "half");
        File.WriteAllText(_folder.Of(".trainer_state.json.abc.tmp"), "half");
        File.WriteAllText(_folder.Of(".other.tmp"), "not ours");
        Train(_folder.Path, resume: false);

        Assert.Equal([".other.tmp", "metrics.jsonl", "trainer_state.json"], Directory.GetFiles(_folder.Path).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal));
    }

    private static string Kept(string path)
        => Runs.WithoutTimes(string.Join('\n', File.ReadAllLines(path).Where(line => !line.Contains("train_loss", StringComparison.Ordinal))));

    private static void Train(string output, bool resume, params ITrainingObserver[] observers)
    {
        TrainingArguments arguments = Runs.Arguments(output) with { SaveSteps = 1, EvalStrategy = IntervalStrategy.Steps, EvalSteps = 3, ResumeFromCheckpoint = resume ? "true" : null };
        using var metrics = new MetricsLog(output);
        Runs.Train(arguments, TinyRuns.Samples(11), observer: new CompositeObserver([metrics, .. observers]), evalSamples: TinyRuns.Samples(3, seed: 4));
    }
}
