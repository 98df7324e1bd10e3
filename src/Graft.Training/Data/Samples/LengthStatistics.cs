namespace Graft.Training.Data;

/// <summary>A range of lengths and how many samples have one.</summary>
/// <param name="From">Shortest length in the range, in tokens.</param>
/// <param name="To">Longest length in the range.</param>
/// <param name="Count">Samples.</param>
public readonly record struct LengthBin(int From, int To, int Count);

/// <summary>How long the samples are, in tokens.</summary>
public sealed record LengthStatistics
{
    /// <summary>Number of samples.</summary>
    public required int Count { get; init; }

    /// <summary>Tokens in all samples.</summary>
    public required long TotalTokens { get; init; }

    /// <summary>Tokens that are learnt.</summary>
    public required long TrainableTokens { get; init; }

    /// <summary>Length of the shortest sample.</summary>
    public required int Min { get; init; }

    /// <summary>The length that half of the samples do not exceed.</summary>
    public required int Median { get; init; }

    /// <summary>The length that nine of ten samples do not exceed.</summary>
    public required int P90 { get; init; }

    /// <summary>Length of the longest sample.</summary>
    public required int Max { get; init; }

    /// <summary>Samples by length, in at most 16 ranges of equal width without gaps.</summary>
    public required IReadOnlyList<LengthBin> Histogram { get; init; }

    /// <summary>Measures <paramref name="samples"/>, of which there must be one at least.</summary>
    public static LengthStatistics Of(IReadOnlyList<TokenizedSample> samples)
    {
        ArgumentNullException.ThrowIfNull(samples);
        ArgumentOutOfRangeException.ThrowIfZero(samples.Count);
        int[] lengths = [.. samples.Select(sample => sample.Length).Order()];
        return new LengthStatistics
        {
            Count = lengths.Length,
            TotalTokens = lengths.Sum(length => (long)length),
            TrainableTokens = samples.Sum(sample => (long)sample.TrainableTokens),
            Min = lengths[0],
            Median = Quantile(lengths, 0.5),
            P90 = Quantile(lengths, 0.9),
            Max = lengths[^1],
            Histogram = HistogramOf(lengths),
        };
    }

    /// <summary>The smallest length that at least the given part of the samples does not exceed.</summary>
    private static int Quantile(int[] sorted, double part) => sorted[Math.Max(0, (int)Math.Ceiling(part * sorted.Length) - 1)];

    private static LengthBin[] HistogramOf(int[] sorted)
    {
        const int MostBins = 16;
        int least = sorted[0];
        int width = ((sorted[^1] - least) / MostBins) + 1;
        int[] counts = new int[((sorted[^1] - least) / width) + 1];
        foreach (int length in sorted)
        {
            counts[(length - least) / width]++;
        }

        return [.. counts.Select((count, i) => new LengthBin(least + (i * width), least + ((i + 1) * width) - 1, count))];
    }
}
