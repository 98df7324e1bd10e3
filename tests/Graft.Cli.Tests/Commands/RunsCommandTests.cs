using System.Text.Json;
using Graft.Cli.Rendering.Charts;

namespace Graft.Cli.Tests.Commands;

public sealed class RunsCommandTests(RunsCommandTests.PastRuns past) : IClassFixture<RunsCommandTests.PastRuns>
{
    [Fact]
    public void Lists_the_runs_with_what_tells_them_apart()
    {
        ToolRun run = Workshop.Run("runs", past.Folder);
        Assert.True(run.Code == 0, run.Errors);
        string[] lines = run.Results.Split('\n');
        Assert.Contains(lines, line => line.Contains("slow") && line.Contains("finished") && line.Contains("4/4") && line.Contains("at step"));
        Assert.Contains(lines, line => line.Contains("deep/fast") && line.Contains("finished"));
        Assert.Contains(lines, line => line.TrimEnd() is var text && text.Contains("deep/fast  learning_rate=0.01") && text.Contains("lora_r=4"));
        Assert.Contains(lines, line => line.Contains("slow       learning_rate=0.0001") && line.Contains("lora_r=8"));
        Assert.DoesNotContain("output_dir=", run.Results);
        Assert.DoesNotContain("checkpoint-", run.Results);
        Assert.DoesNotContain('\u001b', run.Results);
    }

    [Fact]
    public void Json_has_the_numbers()
    {
        ToolRun run = Workshop.Run("runs", past.Folder, "--json", "--sort", "eval_loss");
        JsonElement[] runs = [.. run.Events.Where(item => item.GetProperty("event").GetString() == "run")];
        Assert.Equal(["deep/fast", "slow"], runs.Select(item => item.GetProperty("name").GetString()));
        JsonElement best = runs[0];
        Assert.Equal(4, best.GetProperty("global_step").GetInt32());
        double[] evaluations = [.. File.ReadLines(Path.Combine(past.Folder, "deep", "fast", "metrics.jsonl")).Select(line => JsonDocument.Parse(line).RootElement)
            .Where(row => row.TryGetProperty("eval_loss", out _)).Select(row => row.GetProperty("eval_loss").GetDouble())];
        Assert.Equal(evaluations.Min(), best.GetProperty("best_eval_loss").GetDouble());
        Assert.Equal(evaluations, best.GetProperty("eval_curve").EnumerateArray().Select(point => point[1].GetDouble()));
        Assert.True(best.GetProperty("seconds").GetDouble() > 0 && best.GetProperty("tokens_per_s").GetDouble() > 0);
    }

    [Fact]
    public void Compare_shows_settings_and_both_curves()
    {
        ToolRun run = Workshop.Run("runs", past.Folder, "--compare", "slow", "deep/fast");
        Assert.True(run.Code == 0, run.Errors);
        Assert.Contains("training loss: a slow, b deep/fast", run.Results);
        Assert.Contains("loss on held-back samples: a slow, b deep/fast", run.Results);
        Assert.Contains(run.Results.Split('\n'), line => line.Contains("learning_rate") && line.Contains("0.0001") && line.Contains("0.01"));
        Assert.Matches("│ *\\**a+", run.Results);
        Assert.Contains("bb", run.Results);
        JsonElement compared = Workshop.Run("runs", past.Folder, "--compare", "slow", "deep/fast", "--json").Event("comparison");
        Assert.Equal(["8", "4"], compared.GetProperty("settings").GetProperty("lora_r").EnumerateArray().Select(value => value.GetString()));
    }

    [Fact]
    public void A_run_that_is_not_there_or_alone_is_refused()
    {
        Assert.Contains("is no folder of a run", Workshop.Run("runs", past.Folder, "--compare", "slow", "gone").Errors);
        Assert.Equal(2, Workshop.Run("runs", past.Folder, "--compare", "slow").Code);
        Assert.Contains("there is no folder", Workshop.Run("runs", Path.Combine(past.Folder, "gone")).Errors);
        Assert.Equal(2, Workshop.Run("runs", past.Folder, "--sort", "colour").Code);
    }

    [Fact]
    public void Damaged_and_foreign_runs_are_shown_as_far_as_they_go()
    {
        string folder = Directory.CreateTempSubdirectory("graft-runs-").FullName;
        try
        {
            Write("killed/metrics.jsonl", "{\"loss\": 2.5, \"step\": 1, \"epoch\": 0.1}\n{\"loss\": 2.25, \"step\": 2, \"ep");
            Write("damaged/metrics.jsonl", "{\"loss\": 2.5, \"step\": 1}\nnonsense\n{\"loss\": 2.25, \"step\": 2}\n");
            Write("damaged/graft.yaml", "learning_rate: [");
            Write("damaged/run.json", "{");
            Write("stepless/metrics.jsonl", "{\"loss\": 2.5}\n");
            Write("theirs/checkpoint-10/trainer_state.json", """{"global_step": 10, "epoch": 1.0, "max_steps": 30, "num_train_epochs": 3, "log_history": [{"loss": 1.5, "step": 10, "epoch": 1.0}, {"eval_loss": 1.25, "step": 10, "epoch": 1.0}]}""");
            ToolRun run = Workshop.Run("runs", folder, "--json");
            Assert.True(run.Code == 0, run.Errors);
            JsonElement Of(string name) => run.Events.Single(item => item.TryGetProperty("name", out JsonElement value) && value.GetString() == name);
            Assert.Equal((2.5, 1, "unfinished"), (Of("killed").GetProperty("loss").GetDouble(), Of("killed").GetProperty("global_step").GetInt32(), Of("killed").GetProperty("status").GetString()));
            Assert.False(Of("damaged").TryGetProperty("loss", out _));
            Assert.Equal((1.25, 30), (Of("theirs").GetProperty("best_eval_loss").GetDouble(), Of("theirs").GetProperty("max_steps").GetInt32()));
            string notes = string.Join('\n', run.Events.Where(item => item.GetProperty("event").GetString() == "note").Select(item => item.GetProperty("message").GetString()));
            Assert.Contains("metrics.jsonl:2", notes);
            Assert.Contains("graft.yaml", notes);
            Assert.Contains("has no step", notes);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }

        void Write(string name, string text)
        {
            string path = Path.Combine(folder, name);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllText(path, text);
        }
    }

    [Fact]
    public void A_folder_without_runs_says_so()
    {
        string folder = Directory.CreateTempSubdirectory("graft-runs-").FullName;
        Assert.Contains("there are no runs in", Workshop.Run("runs", folder).Results);
        Directory.Delete(folder);
    }

    [Fact]
    public void A_resumed_run_adds_up_its_time_and_tokens()
    {
        using var workshop = new Workshop();
        string output = workshop.NewPath("run");
        Assert.Equal(0, workshop.Train("run", "--save_steps", "2").Code);
        JsonElement first = Record();
        Directory.Delete(Path.Combine(output, "checkpoint-4"), recursive: true);
        ToolRun run = Workshop.Run("train", output, "--resume");
        Assert.True(run.Code == 0, run.Errors);
        JsonElement second = Record();
        Assert.True(second.GetProperty("tokens").GetInt64() > first.GetProperty("tokens").GetInt64());
        Assert.True(second.GetProperty("seconds").GetDouble() > first.GetProperty("seconds").GetDouble());
        Assert.Equal(first.GetProperty("started_at").GetString(), second.GetProperty("started_at").GetString());
        Assert.Equal("finished", second.GetProperty("status").GetString());

        JsonElement Record() => JsonDocument.Parse(File.ReadAllText(Path.Combine(output, "run.json"))).RootElement;
    }

    [Fact]
    public void Curves_meet_in_stars()
    {
        IReadOnlyList<string> lines = ComparisonChart.Draw([[(0, 2), (10, 1)], [(0, 2), (10, 2)], []], 30, 5);
        Assert.StartsWith("2 │**", lines[0]);
        Assert.EndsWith("b", lines[0]);
        Assert.EndsWith("a", lines[4]);
        Assert.StartsWith("1 │", lines[4]);
        Assert.Equal(7, lines.Count);
        Assert.Empty(ComparisonChart.Draw([[], []], 30, 5));
    }

    /// <summary>Two runs with different settings.</summary>
    public sealed class PastRuns : IDisposable
    {
        private readonly Workshop _workshop = new();

        public PastRuns()
        {
            Assert.Equal(0, _workshop.Train("past/slow", "--learning_rate", "1e-4", "--test_size", "0.2", "--eval_strategy", "steps", "--eval_steps", "2").Code);
            Assert.Equal(0, _workshop.Train("past/deep/fast", "--lora_r", "4", "--test_size", "0.2", "--eval_strategy", "steps", "--eval_steps", "2").Code);
        }

        public string Folder => _workshop.NewPath("past");

        public void Dispose() => _workshop.Dispose();
    }
}
