namespace Graft.Cli.Tests.Commands;

/// <summary>bf16 on the real task that the tool brings along: the embedded model and its maxims.</summary>
public sealed class PrecisionTests(Workshop workshop) : IClassFixture<Workshop>
{
    [Fact]
    public void The_loss_is_that_of_fp32_within_a_percent_at_every_evaluation()
    {
        double[] single = EvaluationLosses("false");
        double[] half = EvaluationLosses("true");
        Assert.Equal(4, single.Length);
        Assert.True(single[^1] < 0.75 * single[0], string.Join(" ", single));
        Assert.All(single.Zip(half), pair => Assert.InRange(pair.Second / pair.First, 0.99, 1.01));
        Assert.NotEqual(single, half);
    }

    private double[] EvaluationLosses(string bf16)
    {
        string settings = Path.Combine(AppContext.BaseDirectory, "Assets", "quickstart", "quickstart.yaml");
        ToolRun run = Workshop.Run(
            "train", settings, "--output", workshop.NewPath($"maxims-{bf16}"), "--bf16", bf16, "--json", "--save_strategy", "no", "--max_steps", "24", "--eval_on_start", "--eval_strategy", "steps",
            "--eval_steps", "8", "--max_eval_samples", "24", "--batch_size", "8");
        Assert.True(run.Code == 0, run.Errors);
        return [.. run.Events.Where(item => item.GetProperty("event").GetString() == "eval").Select(item => item.GetProperty("eval_loss").GetDouble())];
    }
}
