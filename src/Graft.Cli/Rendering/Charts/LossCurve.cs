using Graft.Training;

namespace Graft.Cli.Rendering.Charts;

/// <summary>The losses of a run: as logged while training, and on held-back samples.</summary>
/// <param name="Train">Step and loss, in order.</param>
/// <param name="Eval">Step and loss, in order; may be empty.</param>
internal sealed record LossCurve(IReadOnlyList<(double Step, double Loss)> Train, IReadOnlyList<(double Step, double Loss)> Eval)
{
    /// <summary>Points from which on a smoothed line helps.</summary>
    private const int ManyPoints = 40;

    /// <summary>Whether there is anything to draw.</summary>
    public bool IsEmpty => Train.Count + Eval.Count < 2;

    /// <summary>Takes the losses out of a log; NaN and infinity are left out.</summary>
    public static LossCurve Of(IEnumerable<LogRow> log)
    {
        var train = new List<(double, double)>();
        var eval = new List<(double, double)>();
        foreach (LogRow row in log)
        {
            if (row["loss"] is { } loss && double.IsFinite(loss))
            {
                train.Add((row.Step, loss));
            }

            if (row["eval_loss"] is { } evalLoss && double.IsFinite(evalLoss))
            {
                eval.Add((row.Step, evalLoss));
            }
        }

        return new LossCurve(train, eval);
    }

    /// <summary>The training loss as the mean of its neighbours, a twentieth of all points at most; null for few points.</summary>
    public IReadOnlyList<(double Step, double Loss)>? Smoothed()
    {
        if (Train.Count < ManyPoints)
        {
            return null;
        }

        // As many neighbours before as after, so that the line does not lag behind.
        return [.. Train.Select((point, i) =>
        {
            int reach = Math.Min(Train.Count / 40, Math.Min(i, Train.Count - 1 - i));
            return (point.Step, Train.Skip(i - reach).Take((2 * reach) + 1).Average(neighbour => neighbour.Loss));
        })];
    }
}
