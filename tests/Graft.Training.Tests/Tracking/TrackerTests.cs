using System.Text.Json;
using Graft.Training.Tracking;

namespace Graft.Training.Tests.Tracking;

public sealed class TrackerTests : IDisposable
{
    private const int History = 2;
    private const int Summary = 3;
    private const int Stats = 7;
    private const int Metric = 12;
    private const int Run = 17;
    private const int Exit = 18;
    private const int Header = 21;

    private readonly TemporaryFolder _folder = new();

    private string Output => _folder.Of("out");

    private string EventFile => Directory.GetFiles(Path.Combine(Output, "runs"), "events.out.tfevents.*", SearchOption.AllDirectories).Order(StringComparer.Ordinal).Last();

    private string WandbFile => Directory.GetFiles(Path.Combine(Output, "wandb"), "run-*.wandb", SearchOption.AllDirectories).OrderBy(File.GetCreationTimeUtc).Last();

    private string MlflowFolder => Path.GetDirectoryName(Directory.GetDirectories(Path.Combine(Output, "mlruns"), "metrics", SearchOption.AllDirectories).Single())!;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void TensorBoard_has_the_numbers_of_the_log_by_group()
    {
        var recorder = new StepRecorder();
        Train(recorder, new TensorBoardTracker(Described()));
        IReadOnlyList<(string Tag, long Step, float Value)> scalars = TrackedFiles.Scalars(EventFile);
        var expected = recorder.Rows.SelectMany(row => row.Values.Where(number => number.Key != "step").Select(number => (Name(number.Key), (long)row.Step, (float)number.Value))).ToList();
        Assert.Equal(expected, scalars.Where(scalar => !scalar.Tag.StartsWith("system/", StringComparison.Ordinal)));
        Assert.Contains(scalars, scalar => scalar.Tag == "eval/loss");
        Assert.Contains(scalars, scalar => scalar.Tag == "train/train_runtime");
        Assert.Contains(scalars, scalar => scalar is { Tag: "system/memory_rss_mb", Value: > 1 });
        Dictionary<string, string> texts = TrackedFiles.EventTexts(EventFile);
        Assert.Equal(["args/text_summary", "model_config/text_summary", "peft_config/text_summary"], texts.Keys.Order(StringComparer.Ordinal));
        Assert.Equal("{\n  \"learning_rate\": 0.001,\n  \"hidden_size\": 7\n}", texts["args/text_summary"]);
        Assert.Equal("{\n  \"hidden_size\": 16,\n  \"model_type\": \"bloom\"\n}\n", texts["model_config/text_summary"]);
        Assert.StartsWith("events.out.tfevents.", Path.GetFileName(EventFile), StringComparison.Ordinal);

        static string Name(string name) => name.StartsWith("eval_", StringComparison.Ordinal) ? $"eval/{name[5..]}" : $"train/{name}";
    }

    [Fact]
    public void Mlflow_has_the_numbers_of_the_log_by_name()
    {
        var recorder = new StepRecorder();
        Train(recorder, new MlflowTracker(Described(), experiment: "quotes"));
        Assert.Equal(recorder.Rows.Where(row => row["loss"] is not null).Select(row => (row["loss"]!.Value, row.Step)), TrackedFiles.Metric(Path.Combine(MlflowFolder, "metrics", "loss")));
        Assert.Single(TrackedFiles.Metric(Path.Combine(MlflowFolder, "metrics", "train_loss")));
        Assert.Equal("0.001", File.ReadAllText(Path.Combine(MlflowFolder, "params", "learning_rate")));
        Assert.Equal("7", File.ReadAllText(Path.Combine(MlflowFolder, "params", "hidden_size")));
        Assert.Equal("['q', 'v']", File.ReadAllText(Path.Combine(MlflowFolder, "params", "peft_config", "target_modules")));
        Assert.Equal("first try", File.ReadAllText(Path.Combine(MlflowFolder, "tags", "mlflow.runName")));
        Assert.Contains("status: 3\n", File.ReadAllText(Path.Combine(MlflowFolder, "meta.yaml")));
        Assert.True(File.Exists(Path.Combine(MlflowFolder, "metrics", "system", "process_cpu_percentage")));
    }

    [Fact]
    public void Wandb_has_a_history_and_a_summary()
    {
        var recorder = new StepRecorder();
        Train(recorder, new WandbTracker(Described()));
        IReadOnlyList<(int Kind, byte[] Message)> records = TrackedFiles.Records(WandbFile);
        Assert.Equal([Header, Run, Metric, Metric], records.Take(4).Select(record => record.Kind));
        Assert.Equal(Exit, records[^1].Kind);
        Assert.Null(TrackedFiles.Field(records[^1].Message, 1));
        Assert.Contains(records, record => record.Kind == Stats);
        Assert.Matches(@"[/\\]wandb[/\\]offline-run-\d{8}_\d{6}-([a-z0-9]{8})[/\\]run-\1\.wandb$", WandbFile);

        byte[] run = records[1].Message;
        Assert.Equal(["huggingface", "first try"], [TrackedFiles.Texts(run, 3).Single(), TrackedFiles.Texts(run, 8).Single()]);
        Dictionary<string, string> config = TrackedFiles.Items(TrackedFiles.Messages(run, 4).Single(), 1);
        Assert.Equal(("{}", "0.001", "7", "\"bloom\""), (config["_wandb"], config["learning_rate"], config["hidden_size"], config["model_type"]));
        Assert.Equal("""{"default":{"r":8,"target_modules":["q","v"]}}""", config["peft_config"]);

        Dictionary<string, string>[] rows = [.. records.Where(record => record.Kind == History).Select(record => TrackedFiles.Items(record.Message, 1))];
        Assert.Equal(recorder.Rows.Count, rows.Length);
        Assert.Equal(recorder.Rows.Select((_, i) => $"{i}"), rows.Select(row => row["_step"]));
        Assert.Equal(recorder.Rows.Select(row => $"{row.Step}"), rows.Select(row => row["train/global_step"]));
        Assert.Equal(WandbJson.Float(recorder.Rows[0]["loss"]!.Value), rows[0]["train/loss"]);
        Assert.All(rows, row => Assert.True(row.ContainsKey("_timestamp") && row.ContainsKey("_runtime")));
        Assert.DoesNotContain(rows, row => row.ContainsKey("train/train_runtime") || row.ContainsKey("train_runtime"));

        var summary = new Dictionary<string, string>();
        foreach ((string key, string value) in records.Where(record => record.Kind == Summary).SelectMany(record => TrackedFiles.Items(record.Message, 1)))
        {
            summary[key] = value;
        }

        Assert.Equal(WandbJson.Float(recorder.Rows[^1]["train_loss"]!.Value), summary["train_loss"]);
        Assert.Equal(rows.Last(row => row.ContainsKey("eval/loss"))["eval/loss"], summary["eval/loss"]);
        Assert.True(summary.ContainsKey("total_flos") && summary.ContainsKey("_wandb.runtime"));
    }

    [Fact]
    public void NaN_is_written_as_each_format_writes_it()
    {
        var row = new LogRow(new Dictionary<string, double> { ["loss"] = double.NaN, ["grad_norm"] = double.PositiveInfinity, ["epoch"] = 0, ["step"] = 3 });
        foreach (ITracker tracker in All())
        {
            using (tracker)
            {
                tracker.OnStart(new TrainingPlan(1, 0, 3, 1, 1, 1, 0));
                tracker.OnLog(row);
            }
        }

        Assert.Equal([float.NaN, float.PositiveInfinity, 0], TrackedFiles.Scalars(EventFile).Select(scalar => scalar.Value));
        Assert.EndsWith(" nan 3\n", File.ReadAllText(Path.Combine(MlflowFolder, "metrics", "loss")));
        Assert.EndsWith(" inf 3\n", File.ReadAllText(Path.Combine(MlflowFolder, "metrics", "grad_norm")));
        Dictionary<string, string> history = TrackedFiles.Items(TrackedFiles.Records(WandbFile).Single(record => record.Kind == History).Message, 1);
        Assert.Equal(("NaN", "Infinity", "0"), (history["train/loss"], history["train/grad_norm"], history["train/epoch"]));

        // Disposed before its end: the run has failed.
        Assert.Contains("status: 4\n", File.ReadAllText(Path.Combine(MlflowFolder, "meta.yaml")));
        Assert.Equal(1ul, TrackedFiles.Field(TrackedFiles.Records(WandbFile)[^1].Message, 1)!.Value.Bits);
    }

    [Fact]
    public void A_resumed_run_goes_on_where_the_format_allows()
    {
        var interrupter = new Interrupter { AskAtStep = 2 };
        interrupter.Interrupt(token => Train(new CompositeObserver([interrupter, .. All()]), resume: false, token));
        string eventFolder = Path.GetDirectoryName(EventFile)!;
        string firstId = TrackedFiles.Texts(TrackedFiles.Records(WandbFile)[1].Message, 1).Single();
        Assert.Contains("status: 5\n", File.ReadAllText(Path.Combine(MlflowFolder, "meta.yaml")));
        Assert.Equal(255ul, TrackedFiles.Field(TrackedFiles.Records(WandbFile)[^1].Message, 1)!.Value.Bits);
        Train(new CompositeObserver(All()), resume: true);

        // One folder of TensorBoard with two files, of which the second one takes back the steps from 3 on.
        string[] files = [.. Directory.GetFiles(eventFolder).OrderBy(file => int.Parse(Path.GetExtension(file)[1..]))];
        Assert.Equal(2, files.Length);
        Assert.Equal(eventFolder, Assert.Single(Directory.GetDirectories(Path.Combine(Output, "runs"))));
        byte[] session = EventFraming.Read(File.ReadAllBytes(files[1]))[1].Data.ToArray();
        Assert.Equal(3ul, TrackedFiles.Field(session, 2)!.Value.Bits);
        Assert.Equal(1ul, TrackedFiles.Field(TrackedFiles.Messages(session, 7).Single(), 1)!.Value.Bits);
        Assert.Equal([1, 2, 3, 4, 5, 6], files.SelectMany(TrackedFiles.Scalars).Where(scalar => scalar.Tag == "train/loss").Select(scalar => scalar.Step));

        // One run of MLflow.
        Assert.Equal([1, 2, 3, 4, 5, 6], TrackedFiles.Metric(Path.Combine(MlflowFolder, "metrics", "loss")).Select(line => line.Step));
        Assert.Contains("status: 3\n", File.ReadAllText(Path.Combine(MlflowFolder, "meta.yaml")));

        // Two of W&B; the second one names the first.
        string[] runs = [.. Directory.GetFiles(Path.Combine(Output, "wandb"), "run-*.wandb", SearchOption.AllDirectories).Where(file => !file.Contains(firstId, StringComparison.Ordinal))];
        Assert.Equal($"resumed after step 2; the steps before are in run {firstId}", TrackedFiles.Texts(TrackedFiles.Records(Assert.Single(runs))[1].Message, 9).Single());
    }

    [Fact]
    public void A_failing_tracker_is_reported_once_and_hears_no_more()
    {
        var failing = new FailingTracker();
        var warnings = new List<string>();
        var recorder = new StepRecorder();
        Train(recorder, new GuardedTracker(failing, warnings.Add));
        Assert.Equal(6, recorder.Result!.GlobalStep);
        Assert.Equal("report_to failing failed, and the run goes on without it: no space left on device", Assert.Single(warnings));
        Assert.Equal((1, true), (failing.Calls, failing.IsDisposed));
    }

    [Fact]
    public void A_folder_that_cannot_be_written_stops_nothing()
    {
        File.WriteAllText(_folder.Of("file"), "in the way");
        var warnings = new List<string>();
        var recorder = new StepRecorder();
        TrackedRun run = Described();
        Train(
            recorder,
            new GuardedTracker(new TensorBoardTracker(run, _folder.Of("file")), warnings.Add),
            new GuardedTracker(new MlflowTracker(run, _folder.Of("file")), warnings.Add),
            new GuardedTracker(new WandbTracker(run, _folder.Of("file")), warnings.Add));
        Assert.Equal(6, recorder.Result!.GlobalStep);
        Assert.Equal(3, warnings.Count);
        Assert.All(["tensorboard", "mlflow", "wandb"], name => Assert.Contains(warnings, warning => warning.StartsWith($"report_to {name} failed", StringComparison.Ordinal)));
    }

    [SkippableFact]
    public void A_full_disk_stops_nothing()
    {
        Skip.IfNot(File.Exists("/dev/full"), "there is no /dev/full here");
        var warnings = new List<string>();
        var recorder = new StepRecorder();
        var filler = new AtStart(() => File.CreateSymbolicLink(Path.Combine(MlflowFolder, "metrics", "loss"), "/dev/full"));
        Train(recorder, new GuardedTracker(new MlflowTracker(Described()), warnings.Add), filler);
        Assert.Equal(6, recorder.Result!.GlobalStep);
        Assert.Contains("No space left", Assert.Single(warnings));
        Assert.Contains("status: 4\n", File.ReadAllText(Path.Combine(MlflowFolder, "meta.yaml")));
    }

    private ITracker[] All() => [new TensorBoardTracker(Described()), new MlflowTracker(Described()), new WandbTracker(Described())];

    private TrackedRun Described() => new()
    {
        OutputDir = Output,
        RunName = "first try",
        Arguments = [KeyValuePair.Create("learning_rate", (object?)0.001), KeyValuePair.Create("hidden_size", (object?)7L)],
        ModelConfig = JsonDocument.Parse("""{"model_type": "bloom", "hidden_size": 16}""").RootElement,
        AdapterConfig = JsonDocument.Parse("""{"r": 8, "target_modules": ["q", "v"]}""").RootElement,
    };

    private void Train(StepRecorder recorder, params ITrainingObserver[] observers) => Train(new CompositeObserver([.. observers, recorder]), resume: false);

    private void Train(ITrainingObserver observer, bool resume, CancellationToken cancellationToken = default)
    {
        TrainingArguments arguments = Runs.Arguments(Output) with { EvalStrategy = IntervalStrategy.Steps, EvalSteps = 3, ResumeFromCheckpoint = resume ? "true" : null };
        Runs.Train(arguments, TinyRuns.Samples(11), observer: observer, evalSamples: TinyRuns.Samples(3, seed: 4), cancellationToken: cancellationToken);
    }

    private sealed class AtStart(Action action) : ITrainingObserver
    {
        public void OnStart(TrainingPlan plan) => action();
    }

    private sealed class FailingTracker : ITracker
    {
        public string Name => "failing";

        public string? Location => null;

        public int Calls { get; private set; }

        public bool IsDisposed { get; private set; }

        public void OnLog(LogRow row)
        {
            Calls++;
            throw new IOException("no space left on device");
        }

        public void OnEnd(TrainingResult result) => Calls++;

        public void Dispose() => IsDisposed = true;
    }
}
