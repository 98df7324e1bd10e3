namespace Graft.Tensors;

/// <summary>What a loss op returns.</summary>
/// <param name="Sum">Sum of the losses of the counted rows in nats, not scaled.</param>
/// <param name="Count">Number of rows that have a target.</param>
public readonly record struct LossSum(double Sum, int Count);
