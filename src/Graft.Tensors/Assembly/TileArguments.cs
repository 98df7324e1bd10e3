using System.Runtime.InteropServices;

namespace Graft.Tensors.Assembly;

/// <summary>What a tile kernel is told: one panel of B, and the panels of A that pass over it. Kernels count <see cref="Panels"/> down in place.</summary>
/// <remarks>A kernel takes the address of this as its only argument, so both calling conventions look the same but for one register.</remarks>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct TileArguments
{
    /// <summary>Packed panels of A one after the other: group by group of k, a 32-bit unit for each row, <see cref="TileKernel.PackedRows"/> apart.</summary>
    public uint* A;

    /// <summary>The packed panel of B: group by group of k, a 32-bit unit for each column, whole vectors.</summary>
    public uint* B;

    /// <summary>The first element of C; panels of rows follow each other.</summary>
    public void* C;

    /// <summary>Bytes from one row of C to the next.</summary>
    public nint RowBytes;

    /// <summary>Groups of k: pairs of bf16, or fours of bytes.</summary>
    public nint Groups;

    /// <summary>Panels of A, at least one.</summary>
    public nint Panels;

    /// <summary>What to prefetch meanwhile, one address a group; any address is fine.</summary>
    public nint Prefetch;

    /// <summary>Bytes from one such address to the next.</summary>
    public nint PrefetchStep;

    /// <summary>Bytes added after each <see cref="TileKernel.Unroll"/> of them.</summary>
    public nint PrefetchJump;

    /// <summary>Not 0 to add to C, 0 to overwrite it.</summary>
    public nint Accumulate;

    /// <summary>Columns of the last vector that are there, a bit each: for 512-bit kernels with masks.</summary>
    public nint ColumnBits;

    /// <summary>The same as eight 32-bit masks: for 256-bit kernels with masks.</summary>
    public int* ColumnMask;

    /// <summary>Integer kernels: what each column's sum starts from where C is overwritten; whole vectors.</summary>
    public int* Start;
}
