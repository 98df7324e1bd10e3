namespace Graft.Training.Tracking;

/// <summary>A histogram of a TensorBoard event.</summary>
/// <param name="Limits">Right edges of the buckets, ascending.</param>
/// <param name="Counts">How many numbers lie in each bucket.</param>
public sealed record SummaryHistogram(IReadOnlyList<double> Limits, IReadOnlyList<double> Counts)
{
    private static readonly double[] Edges = MakeEdges();

    /// <summary>Least number.</summary>
    public double Min { get; init; }

    /// <summary>Greatest number.</summary>
    public double Max { get; init; }

    /// <summary>How many numbers.</summary>
    public double Num { get; init; }

    /// <summary>Their sum.</summary>
    public double Sum { get; init; }

    /// <summary>Sum of their squares.</summary>
    public double SumOfSquares { get; init; }

    /// <summary>Counts numbers in the buckets of <c>SummaryWriter.add_histogram</c>: edges 1e-12 times powers of 1.1 below 1e20, mirrored around 0.</summary>
    /// <param name="values">The numbers; at least one, all finite.</param>
    /// <exception cref="ArgumentException">No number, or one that is NaN or infinite.</exception>
    public static SummaryHistogram Of(ReadOnlySpan<float> values)
    {
        if (values.IsEmpty)
        {
            throw new ArgumentException("a histogram needs at least one number", nameof(values));
        }

        double[] edges = Edges;
        double[] counts = new double[edges.Length - 1];
        double min = double.PositiveInfinity, max = double.NegativeInfinity, sum = 0, squares = 0;
        foreach (float value in values)
        {
            if (!float.IsFinite(value))
            {
                throw new ArgumentException($"a histogram cannot hold {value}", nameof(values));
            }

            // Buckets are closed on the left; numbers beyond the edges count in the sums only, as in torch.
            int at = Array.BinarySearch(edges, value);
            int bucket = at >= 0 ? at : ~at - 1;
            if (bucket >= 0 && bucket < counts.Length)
            {
                counts[bucket]++;
            }

            (min, max, sum, squares) = (Math.Min(min, value), Math.Max(max, value), sum + value, squares + ((double)value * value));
        }

        // Only right edges are kept: an empty bucket on the left says where the first one begins.
        int first = Math.Max(0, Array.FindIndex(counts, count => count > 0));
        int end = Array.FindLastIndex(counts, count => count > 0) + 1;
        return new SummaryHistogram(edges[first..(end + 1)], [0, .. counts[first..end]]) { Min = min, Max = max, Num = values.Length, Sum = sum, SumOfSquares = squares };
    }

    /// <summary>Writes the message's fields.</summary>
    internal void Write(ProtobufWriter writer)
    {
        writer.Double(1, Min);
        writer.Double(2, Max);
        writer.Double(3, Num);
        writer.Double(4, Sum);
        writer.Double(5, SumOfSquares);
        writer.Packed(6, [.. Limits]);
        writer.Packed(7, [.. Counts]);
    }


    private static double[] MakeEdges()
    {
        var positive = new List<double>();
        for (double edge = 1e-12; edge < 1e20; edge *= 1.1)
        {
            positive.Add(edge);
        }

        return [.. Enumerable.Reverse(positive).Select(edge => -edge), 0, .. positive];
    }
}
