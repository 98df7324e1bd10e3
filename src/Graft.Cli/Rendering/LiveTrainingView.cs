using System.Diagnostics;
using Graft.Cli.Configuration;
using Graft.Cli.Planning;
using Graft.Training;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Graft.Cli.Rendering;

/// <summary>One live display for a person at a terminal: step, epoch, loss with its trend, rate, speed, memory, time left, evaluations.</summary>
internal sealed class LiveTrainingView(IAnsiConsole console, PreparedRun run, MemoryEstimate memory) : TrainingView
{
    private const double RefreshSeconds = 0.1;
    private const int ShownEvaluations = 4;

    private readonly List<LogRow> _evaluations = [];
    private readonly LossTrend _trend = new();
    private LiveDisplayContext? _display;
    private long _refreshed;
    private StepReport _step;
    private (int Done, int Total) _evaluation;
    private double _started;
    private string? _saved;

    /// <inheritdoc/>
    public override TrainingResult Show(Func<ITrainingObserver, TrainingResult> train) => console.Live(new Markup("starting")).Start(display =>
    {
        _display = display;
        TrainingResult result = train(this);
        display.UpdateTarget(Render());
        return result;
    });

    /// <inheritdoc/>
    public override void OnStart(TrainingPlan plan)
    {
        _started = Now();
        foreach (string line in StartLines(run, memory, plan).Concat(run.Data.Warnings.Select(warning => $"note: {warning}")))
        {
            console.WriteLine(line);
        }
    }

    /// <inheritdoc/>
    public override void OnStep(in StepReport report)
    {
        _step = report;
        _evaluation = default;
        _trend.Add(report.Loss);
        Refresh(always: false);
    }

    /// <inheritdoc/>
    public override void OnLog(LogRow row)
    {
        if (row["eval_loss"] is not null)
        {
            _evaluations.Add(row);
            Refresh(always: true);
        }
    }

    /// <inheritdoc/>
    public override void OnEvaluationProgress(int done, int total)
    {
        _evaluation = (done, total);
        Refresh(always: false);
    }

    /// <inheritdoc/>
    public override void OnSave(string folder)
    {
        _saved = folder;
        Refresh(always: true);
    }

    /// <summary>The display as it is now.</summary>
    internal IRenderable Render()
    {
        int width = Math.Clamp(console.Profile.Width - 40, 10, 40);
        int filled = _step.MaxSteps == 0 ? 0 : (int)((long)width * _step.Step / _step.MaxSteps);
        string bar = $"[green]{new string('━', filled)}[/][grey]{new string('─', width - filled)}[/]";
        var lines = new List<IRenderable>
        {
            new Markup($"{bar} step [bold]{_step.Step}[/]/{_step.MaxSteps}  epoch {_step.Epoch:0.00}"),
            new Markup($"loss [bold]{Units.Loss(_step.Loss)}[/] {Arrow()}  mean {Units.Loss(_trend.Mean)}  lr {_step.LearningRate:0.00e+0}  grad_norm {_step.GradNorm:0.###}"),
            new Markup($"{_step.TokensPerSecond:0} tok/s  peak memory {Units.Bytes(ProcessMemory.PeakResident)}  {Units.Time(Now() - _started)} gone, [bold]{Units.Time(_step.RemainingSeconds)}[/] left"),
        };
        foreach (LogRow row in _evaluations.TakeLast(ShownEvaluations))
        {
            lines.Add(new Markup($"[aqua]eval[/] at step {row.Step}: loss {Units.Loss(row["eval_loss"]!.Value)}, perplexity {Math.Exp(row["eval_loss"]!.Value):0.##}"));
        }

        if (_evaluation.Total > 0 && _evaluation.Done < _evaluation.Total)
        {
            lines.Add(new Markup($"[aqua]evaluating[/] {_evaluation.Done}/{_evaluation.Total}"));
        }

        if (_saved is not null)
        {
            lines.Add(new Markup($"[grey]saved {Markup.Escape(_saved)}[/]"));
        }

        return new Rows(lines);
    }

    private string Arrow() => _trend.Direction switch
    {
        < 0 => "[green]↓[/]",
        > 0 => "[yellow]↑[/]",
        _ => "[grey]→[/]",
    };

    private void Refresh(bool always)
    {
        if (_display is not null && (always || Stopwatch.GetElapsedTime(_refreshed).TotalSeconds >= RefreshSeconds))
        {
            _refreshed = Stopwatch.GetTimestamp();
            _display.UpdateTarget(Render());
        }
    }

    private static double Now() => Stopwatch.GetTimestamp() / (double)Stopwatch.Frequency;
}
