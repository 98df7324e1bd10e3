using Graft.Tensors;

namespace Graft.Cli.Merging;

/// <summary>How far the logits of the merged model are from those of base and adapter.</summary>
/// <param name="Largest">Largest difference.</param>
/// <param name="Mean">Mean difference.</param>
/// <param name="Effect">Mean difference between the adapter's logits and the base's: what merging had to bring over.</param>
/// <param name="SameNextToken">Positions with the same most probable token.</param>
/// <param name="Positions">Positions.</param>
/// <param name="Limit">Largest difference that rounding every weight once to a plain format explains.</param>
internal sealed record LogitsDrift(double Largest, double Mean, double Effect, int SameNextToken, int Positions, double Limit)
{
    /// <summary>Whether rounding explains the difference. NaN is never explained.</summary>
    public bool IsRounding => Largest <= Limit;

    /// <summary>Compares.</summary>
    /// <param name="baseLogits">Of the base model.</param>
    /// <param name="adapterLogits">Of base and adapter.</param>
    /// <param name="mergedLogits">Of the merged model.</param>
    /// <param name="positions">Rows.</param>
    /// <param name="dtype">How the merged weights are stored.</param>
    public static LogitsDrift Between(float[] baseLogits, float[] adapterLogits, float[] mergedLogits, int positions, DType dtype)
    {
        double largest = 0;
        double sum = 0;
        double effect = 0;
        double scale = 1;
        for (int i = 0; i < adapterLogits.Length; i++)
        {
            double difference = Math.Abs((double)mergedLogits[i] - adapterLogits[i]);
            largest = difference > largest || double.IsNaN(difference) ? difference : largest;
            sum += difference;
            effect += Math.Abs((double)adapterLogits[i] - baseLogits[i]);
            scale = Math.Max(scale, Math.Abs(adapterLogits[i]));
        }

        int columns = adapterLogits.Length / positions;
        int same = Enumerable.Range(0, positions).Count(row => ArgMax(adapterLogits, row, columns) == ArgMax(mergedLogits, row, columns));
        return new LogitsDrift(largest, sum / adapterLogits.Length, effect / adapterLogits.Length, same, positions, Tolerance(dtype) * scale);
    }

    /// <summary>Share of the largest logit by which rounding every merged weight once may move the logits, with room for deep models.</summary>
    private static double Tolerance(DType dtype) => dtype switch
    {
        DType.BFloat16 => 0.05,
        DType.Float16 => 0.01,
        _ => 0.001,
    };

    private static int ArgMax(float[] logits, int row, int columns)
    {
        ReadOnlySpan<float> values = logits.AsSpan(row * columns, columns);
        int best = 0;
        for (int i = 1; i < values.Length; i++)
        {
            best = values[i] > values[best] ? i : best;
        }

        return best;
    }
}
