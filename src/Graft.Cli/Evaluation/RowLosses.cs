using Graft.Tensors;

namespace Graft.Cli.Evaluation;

/// <summary>The losses of all rows: their mean over tokens, and how far chance may have moved it.</summary>
/// <remarks>
/// Tokens of one row are not independent, rows are: the standard error is that of the ratio of two sums over rows,
/// sqrt(n / (n - 1) * sum (l - L t)^2) / sum t, with l and t the loss and the tokens of a row and L their mean (Cochran 1977, 6.4).
/// </remarks>
internal sealed class RowLosses
{
    private readonly List<(double Loss, int Tokens)> _rows = [];

    /// <summary>Labelled tokens.</summary>
    public long Tokens { get; private set; }

    /// <summary>Mean loss of a token; NaN when there is none.</summary>
    public double Mean => _rows.Sum(row => row.Loss) / Tokens;

    /// <summary>Standard error of <see cref="Mean"/>; NaN for fewer than two rows.</summary>
    public double StandardError => ErrorOf([.. _rows.Select(row => row.Loss - (Mean * row.Tokens))]);

    /// <summary>Adds a row.</summary>
    public void Add(LossSum loss)
    {
        _rows.Add((loss.Sum, loss.Count));
        Tokens += loss.Count;
    }

    /// <summary>Standard error of the difference of two means over the same rows; smaller than either's own, since hard rows are hard for both.</summary>
    /// <param name="other">The same rows, measured with another model.</param>
    public double StandardErrorOfDifference(RowLosses other)
    {
        double difference = Mean - other.Mean;
        return ErrorOf([.. _rows.Zip(other._rows, (mine, theirs) => mine.Loss - theirs.Loss - (difference * mine.Tokens))]);
    }

    private double ErrorOf(double[] residuals)
    {
        int count = residuals.Length;
        return count < 2 ? double.NaN : Math.Sqrt((double)count / (count - 1) * residuals.Sum(residual => residual * residual)) / Tokens;
    }
}
