using System.Diagnostics;
using Graft.Cli.CommandLine;
using Graft.Training;

namespace Graft.Cli.Evaluation;

/// <summary>Says on stderr how far an evaluation is: one line that changes for a person, a line every few seconds for a log.</summary>
internal sealed class EvaluationProgress : ITrainingObserver
{
    private static readonly TimeSpan ForPeople = TimeSpan.FromSeconds(0.2);
    private static readonly TimeSpan ForLogs = TimeSpan.FromSeconds(10);

    private readonly Output _output;
    private readonly string _name;
    private long _lastTime = Stopwatch.GetTimestamp();

    /// <summary>Watches one evaluation.</summary>
    /// <param name="output">Where to write.</param>
    /// <param name="name">What is evaluated.</param>
    public EvaluationProgress(Output output, string name)
    {
        _output = output;
        _name = name;
    }

    /// <inheritdoc/>
    public void OnEvaluationProgress(int done, int total)
    {
        bool isLast = done == total;
        if (_output.IsJson || (!isLast && Stopwatch.GetElapsedTime(_lastTime) < (_output.IsInteractive ? ForPeople : ForLogs)))
        {
            return;
        }

        _lastTime = Stopwatch.GetTimestamp();
        string line = $"{_name}: {done} of {total} batches";
        if (_output.IsInteractive)
        {
            _output.ProgressWriter.Write(isLast ? $"\r{line}\n" : $"\r{line}");
            _output.ProgressWriter.Flush();
        }
        else
        {
            _output.Note(line);
        }
    }
}
