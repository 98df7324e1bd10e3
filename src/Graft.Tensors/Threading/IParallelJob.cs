namespace Graft.Tensors.Threading;

/// <summary>Work that splits into parts which may run at the same time, in any order, on any thread.</summary>
/// <remarks>
/// Implement it as a struct that holds pointers and sizes: it stays on the caller's stack, so a dispatch allocates nothing.
/// What a part computes must not depend on how many threads there are (design: bit-identical for any thread count).
/// </remarks>
public interface IParallelJob
{
    /// <summary>Runs one part.</summary>
    /// <param name="part">Index of the part, from 0.</param>
    void Execute(int part);
}
