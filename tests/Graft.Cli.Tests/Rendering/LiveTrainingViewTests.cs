using Graft.Cli.Configuration;
using Graft.Cli.Planning;
using Graft.Cli.Rendering;
using Graft.Training;
using Spectre.Console;

namespace Graft.Cli.Tests.Rendering;

public sealed class LiveTrainingViewTests(Workshop workshop) : IClassFixture<Workshop>
{
    [Fact]
    public void Shows_step_loss_speed_and_evaluations()
    {
        using var text = new StringWriter();
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(text), Ansi = AnsiSupport.Yes, Interactive = InteractionSupport.Yes, ColorSystem = ColorSystemSupport.NoColors });
        console.Profile.Width = 100;
        RunConfiguration configuration = RunConfiguration.Load(workshop.Settings);
        configuration.Set(OutputKeys.OutputDir, workshop.NewPath("live"));
        configuration.Set(DataKeys.TestSize, 4.0);
        using PreparedRun run = PreparedRun.Prepare(configuration, CancellationToken.None);
        using Trainer trainer = run.CreateTrainer();
        var view = new LiveTrainingView(console, run, RunEstimate.MemoryOf(run));
        TrainingResult result = view.Show(observer => trainer.Train(observer));
        Assert.Equal(4, result.GlobalStep);
        string shown = text.ToString();
        Assert.Contains("/4  epoch", shown);
        Assert.Contains("eval at step 4: loss", shown);
        Assert.Contains("tok/s  peak memory", shown);
        Assert.Contains("saved", shown);
    }

    [Fact]
    public void A_trend_says_where_the_loss_goes()
    {
        var trend = new LossTrend();
        Assert.Equal(0, trend.Direction);
        for (int i = 0; i < 30; i++)
        {
            trend.Add(5 - (0.1 * i));
        }

        Assert.Equal(-1, trend.Direction);
        for (int i = 0; i < 30; i++)
        {
            trend.Add(2 + (0.1 * i));
        }

        Assert.Equal(1, trend.Direction);
    }
}
