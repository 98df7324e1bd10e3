using System.Text;
using Graft.Cli.Configuration;
using Graft.Cli.Tracking;
using Graft.Training.Tracking;

namespace Graft.Cli.Tests.Commands;

public sealed class TrackerTests(Workshop workshop) : IClassFixture<Workshop>
{
    [Fact]
    public void By_default_nothing_is_reported()
    {
        Assert.Equal(0, workshop.Train("silent").Code);
        Assert.All(["wandb", "mlruns", "runs", TrackerState.FileName], name => Assert.False(Path.Exists(Path.Combine(workshop.NewPath("silent"), name)), name));
    }

    [Fact]
    public void All_writes_every_format_with_the_configuration()
    {
        ToolRun run = workshop.Train("tracked", "--report_to", "all", "--run_name", "first: try", "--lora_r", "4", "--logging_dir", workshop.NewPath("events"));
        Assert.True(run.Code == 0, run.Errors);
        string output = workshop.NewPath("tracked");
        Assert.Single(Directory.GetFiles(workshop.NewPath("events"), "events.out.tfevents.*"));
        string mlflow = Directory.GetDirectories(Path.Combine(output, "mlruns", "0")).Single();
        Assert.Equal("4", File.ReadAllText(Path.Combine(mlflow, "params", "lora_r")));
        Assert.Equal("300", File.ReadAllText(Path.Combine(mlflow, "params", "vocab_size")));
        Assert.Equal("4", File.ReadAllText(Path.Combine(mlflow, "params", "peft_config", "r")));
        Assert.Equal("first: try", File.ReadAllText(Path.Combine(mlflow, "tags", "mlflow.runName")));
        Assert.Contains("run_name: 'first: try'", File.ReadAllText(Path.Combine(mlflow, "meta.yaml")));
        string wandb = Directory.GetFiles(Path.Combine(output, "wandb"), "run-*.wandb", SearchOption.AllDirectories).Single();
        string bytes = Encoding.UTF8.GetString(File.ReadAllBytes(wandb));
        Assert.All(["first: try", "huggingface", "\"lora_r\"", "peft_config", "train/global_step", "model/num_parameters"], text => Assert.Contains(text.Trim('"'), bytes));
        Assert.Contains($"wandb sync {Path.GetDirectoryName(wandb)}", run.Errors);
        Assert.Contains("tensorboard --logdir", run.Errors);
        Assert.Contains("mlflow ui", run.Errors);
    }

    [Fact]
    public void A_tracker_that_fails_leaves_the_run_as_it_is()
    {
        string inTheWay = workshop.Write("in-the-way", "a file");
        ToolRun run = workshop.Train("survives", "--report_to", "tensorboard", "mlflow", "--logging_dir", inTheWay);
        Assert.Equal(0, run.Code);
        Assert.Contains("note: report_to tensorboard failed, and the run goes on without it", run.Errors);
        Assert.DoesNotContain("tensorboard --logdir", run.Errors);
        Assert.Equal(File.ReadAllBytes(SameRun("plain")), File.ReadAllBytes(Path.Combine(workshop.NewPath("survives"), "adapter_model.safetensors")));
        Assert.True(Directory.Exists(Path.Combine(workshop.NewPath("survives"), "mlruns")));
    }

    [Theory]
    [InlineData("none", "")]
    [InlineData("[]", "")]
    [InlineData("wandb", "wandb")]
    [InlineData("WandB", "wandb")]
    [InlineData("[mlflow, wandb, mlflow]", "mlflow wandb")]
    [InlineData("tensorboard, wandb", "tensorboard wandb")]
    [InlineData("all", "wandb tensorboard mlflow")]
    public void Report_to_takes_a_name_or_several(string yaml, string expected)
        => Assert.Equal(expected.Split(' ', StringSplitOptions.RemoveEmptyEntries), Load($"report_to: {yaml}").Get(TrackerKeys.ReportTo));

    [Fact]
    public void An_unknown_tracker_names_those_there_are()
    {
        string message = Assert.Throws<ArgumentException>(() => Load("report_to: [wandb, tensorbord]")).Message;
        Assert.Contains("'tensorbord' is no tracker that Graft writes files for", message);
        Assert.Contains("did you mean 'tensorboard'", message);
        Assert.Contains("wandb, tensorboard, mlflow, all and none", message);
    }

    [Theory]
    [InlineData("wandb", "WANDB_MODE", "online", "Graft sends nothing")]
    [InlineData("wandb", "WANDB_MODE", "shared", "Graft sends nothing")]
    [InlineData("mlflow", "MLFLOW_TRACKING_URI", "http://tracking:5000", "is no folder")]
    [InlineData("mlflow", "MLFLOW_TRACKING_URI", "sqlite:///mlflow.db", "is no folder")]
    [InlineData("mlflow", "MLFLOW_TRACKING_URI", "databricks", "is no folder")]
    [InlineData("mlflow", "MLFLOW_TRACKING_URI", "file://server/share", "names no folder of this machine")]
    public void A_variable_that_asks_for_sending_is_refused(string tracker, string name, string value, string expected)
    {
        string message = Assert.Throws<ArgumentException>(() => Create(tracker, out _, (name, value))).Message;
        Assert.Contains($"{name}={value}", message);
        Assert.Contains(expected, message);
    }

    [Theory]
    [InlineData("WANDB_MODE", "disabled", 0)]
    [InlineData("WANDB_DISABLED", "true", 0)]
    [InlineData("WANDB_DISABLED", "false", 1)]
    [InlineData("WANDB_MODE", "offline", 1)]
    [InlineData("WANDB_MODE", "dryrun", 1)]
    [InlineData("WANDB_MODE", "", 1)]
    [InlineData("MLFLOW_TRACKING_URI", "http://not-asked-for", 1)]
    public void Wandb_can_be_turned_off(string name, string value, int trackers)
    {
        Assert.Equal(trackers, Create("wandb", out List<string> notes, (name, value)).Count);
        Assert.Equal(1 - trackers, notes.Count);
    }

    [Fact]
    public void Variables_say_where_the_files_go()
    {
        string store = workshop.NewPath("my store");
        foreach (ITracker tracker in Create("all", out _, ("WANDB_DIR", workshop.NewPath("w")), ("MLFLOW_TRACKING_URI", new Uri(store).AbsoluteUri), ("MLFLOW_EXPERIMENT_NAME", "mine"), ("TENSORBOARD_LOGGING_DIR", workshop.NewPath("t"))))
        {
            using (tracker)
            {
                tracker.OnStart(new Graft.Training.TrainingPlan(1, 0, 1, 1, 1, 1, 0));
            }
        }

        Assert.Single(Directory.GetDirectories(workshop.NewPath("w/wandb")));
        Assert.Single(Directory.GetFiles(workshop.NewPath("t")));
        Assert.Contains(Directory.GetFiles(store, "meta.yaml", SearchOption.AllDirectories), file => File.ReadAllText(file).Contains("name: mine\n", StringComparison.Ordinal));
    }

    [Fact]
    public void A_saved_configuration_reports_again()
    {
        RunConfiguration configuration = Load("report_to: [wandb, mlflow]\nrun_name: \"x: y\"\nproject: p\nlogging_dir: logs");
        File.WriteAllText(workshop.NewPath("saved.yaml"), configuration.ToYaml());
        RunConfiguration again = RunConfiguration.Load(workshop.NewPath("saved.yaml"));
        Assert.Equal(["wandb", "mlflow"], again.Get(TrackerKeys.ReportTo));
        Assert.Equal(("x: y", "p", Path.GetFullPath("logs")), (again.Get(TrackerKeys.RunName), again.Get(TrackerKeys.Project), again.Get(TrackerKeys.LoggingDir)));
    }

    private string SameRun(string name)
    {
        Assert.Equal(0, workshop.Train(name).Code);
        return Path.Combine(workshop.NewPath(name), "adapter_model.safetensors");
    }

    private RunConfiguration Load(string yaml) => RunConfiguration.Load(workshop.Write("trackers.yaml", yaml));

    private IReadOnlyList<ITracker> Create(string tracker, out List<string> notes, params (string Name, string Value)[] variables)
    {
        List<string> told = notes = [];
        return RunTrackers.Create(Load($"report_to: {tracker}"), () => new TrackedRun { OutputDir = workshop.NewPath("made") }, told.Add, name => variables.FirstOrDefault(variable => variable.Name == name).Value);
    }
}
