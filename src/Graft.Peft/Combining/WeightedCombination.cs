namespace Graft.Peft;

/// <summary>How several adapters become one: the arguments of PEFT's <c>add_weighted_adapter</c>.</summary>
/// <param name="Weights">A weight for each adapter.</param>
public sealed record WeightedCombination(IReadOnlyList<double> Weights)
{
    private const string Svd = "_svd";

    private static readonly string[] Types =
    [
        "svd", "linear", "cat", "ties", "ties_svd", "dare_linear", "dare_ties", "dare_linear_svd", "dare_ties_svd", "magnitude_prune", "magnitude_prune_svd",
    ];

    /// <summary>
    /// <c>cat</c> is exact; <c>svd</c> is the best adapter of a given rank; <c>linear</c> averages the factors. <c>ties</c>, <c>dare_linear</c>, <c>dare_ties</c> and
    /// <c>magnitude_prune</c> leave out values before they add, of the factors or, with <c>_svd</c>, of the products.
    /// </summary>
    public string CombinationType { get; init; } = "svd";

    /// <summary>Rank of the new adapter for the svd forms; null for the largest rank.</summary>
    public int? SvdRank { get; init; }

    /// <summary>Part of the values that is kept by the pruning forms; 1 and more for all of them.</summary>
    public double? Density { get; init; }

    /// <summary><c>total</c> or <c>frequency</c>: whether the ties forms elect a sign by the sum of the values or by their number.</summary>
    public string MajoritySignMethod { get; init; } = "total";

    /// <summary>Seed of the dare forms, which choose at random.</summary>
    public ulong Seed { get; init; } = 42;

    /// <summary>Whether the products are added, and split again by their singular values.</summary>
    internal bool IsOfProducts => CombinationType == "svd" || CombinationType.EndsWith(Svd, StringComparison.Ordinal);

    /// <summary>Whether values are left out.</summary>
    internal bool Prunes => CombinationType is not ("svd" or "linear" or "cat");

    /// <summary>What is done with the values, whatever they are of: <c>linear</c>, <c>ties</c>, <c>dare_linear</c>, <c>dare_ties</c> or <c>magnitude_prune</c>.</summary>
    internal string Arithmetic => CombinationType == "svd" ? "linear" : CombinationType.EndsWith(Svd, StringComparison.Ordinal) ? CombinationType[..^Svd.Length] : CombinationType;

    /// <summary>Checks the values.</summary>
    /// <param name="adapters">Number of adapters.</param>
    /// <exception cref="ArgumentException">A value is not possible; the message names it.</exception>
    internal void Validate(int adapters)
    {
        if (Weights.Count != adapters || adapters == 0)
        {
            throw new ArgumentException($"there are {adapters} adapters and {Weights.Count} weights: every adapter needs one");
        }

        if (!Types.Contains(CombinationType))
        {
            throw new ArgumentException($"combination_type '{CombinationType}' is unknown{NearestName.Suggestion(CombinationType, Types)}; known are {string.Join(", ", Types)}");
        }

        if (Prunes && Density is not > 0)
        {
            throw new ArgumentException($"combination_type '{CombinationType}' needs a density above 0, the part of the values that is kept");
        }

        if (SvdRank is <= 0)
        {
            throw new ArgumentException($"svd_rank must be positive, but is {SvdRank}");
        }

        if (MajoritySignMethod is not ("total" or "frequency"))
        {
            throw new ArgumentException($"majority_sign_method '{MajoritySignMethod}' is unknown; known are total, frequency");
        }
    }
}
