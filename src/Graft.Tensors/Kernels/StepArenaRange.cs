namespace Graft.Tensors.Kernels;

/// <summary>Memory of the step for as long as a <c>using</c> block.</summary>
internal readonly unsafe ref struct StepArenaRange : IDisposable
{
    private readonly Tape _tape;
    private readonly long _count;

    /// <summary>Allocates; contents undefined.</summary>
    /// <param name="tape">The owner of the arena.</param>
    /// <param name="count">Number of 32-bit elements.</param>
    public StepArenaRange(Tape tape, long count)
    {
        _tape = tape;
        _count = count;
        Data = tape.Arena.Allocate(count);
    }

    /// <summary>First element, aligned to 64 bytes.</summary>
    public float* Data { get; }

    /// <summary>Frees.</summary>
    public void Dispose() => _tape.Arena.Free(Data, _count);
}
