using Graft.Tensors;

namespace Graft.Cli.Bench;

/// <summary>The least time that an op could take: its operations at the processor's rate, or its bytes at the memory's, whichever is longer.</summary>
/// <remarks>Williams et al. 2009. Bytes are counted as if they came from memory; an op whose operands are in cache can be faster than its roof.</remarks>
/// <param name="IsCompute">Whether arithmetic binds it, not memory.</param>
/// <param name="Seconds">The least time.</param>
internal readonly record struct Roofline(bool IsCompute, double Seconds)
{
    /// <summary><c>compute</c> or <c>memory</c>.</summary>
    public string Bound => IsCompute ? "compute" : "memory";

    /// <summary>The roof of an op.</summary>
    /// <param name="cost">What it has done.</param>
    /// <param name="operationsPerSecond">What the processor can do.</param>
    /// <param name="bytesPerSecond">What the memory can deliver.</param>
    public static Roofline Of(OpCost cost, double operationsPerSecond, double bytesPerSecond)
    {
        double compute = cost.Operations / operationsPerSecond;
        double memory = cost.Bytes / bytesPerSecond;
        return new Roofline(compute > memory, Math.Max(compute, memory));
    }
}
