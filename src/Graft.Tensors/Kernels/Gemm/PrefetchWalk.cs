namespace Graft.Tensors.Kernels;

/// <summary>Addresses that a tile prefetches while it computes, one a step of k: what comes next is then in cache in time.</summary>
/// <remarks>Spread over the steps, the requests never fill the queue for misses, as they would in one go before or after the tile.</remarks>
/// <param name="Address">The first one; any address is fine.</param>
/// <param name="Step">Bytes from one to the next.</param>
/// <param name="Jump">Bytes added after each <see cref="Segment"/> of them.</param>
internal readonly unsafe struct PrefetchWalk(byte* Address, nint Step, nint Jump)
{
    /// <summary>Addresses between two jumps.</summary>
    public const int Segment = 16;

    /// <summary>The first address.</summary>
    public readonly byte* Address = Address;

    /// <summary>Bytes from one address to the next.</summary>
    public readonly nint Step = Step;

    /// <summary>Bytes added after each <see cref="Segment"/> addresses.</summary>
    public readonly nint Jump = Jump;
}
