namespace Graft.Peft;

/// <summary>How several adapters become one: the arguments of PEFT's <c>add_weighted_adapter</c>.</summary>
/// <param name="Weights">A weight for each adapter.</param>
public sealed record WeightedCombination(IReadOnlyList<double> Weights)
{
    /// <summary><c>svd</c>, <c>linear</c>, <c>cat</c>, <c>ties</c>, <c>ties_svd</c>, <c>dare_linear</c>, <c>dare_ties</c>, <c>dare_linear_svd</c>, <c>dare_ties_svd</c>, <c>magnitude_prune</c> or <c>magnitude_prune_svd</c>.</summary>
    public string CombinationType { get; init; } = "svd";

    /// <summary>Rank of the new adapter for the svd forms; null for the largest rank.</summary>
    public int? SvdRank { get; init; }

    /// <summary>Part of the values that is kept by the pruning forms, in (0, 1].</summary>
    public double? Density { get; init; }

    /// <summary><c>total</c> or <c>frequency</c>: how the ties forms elect a sign.</summary>
    public string MajoritySignMethod { get; init; } = "total";
}
