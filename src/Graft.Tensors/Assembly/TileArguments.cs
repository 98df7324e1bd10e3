using System.Runtime.InteropServices;

namespace Graft.Tensors.Assembly;

/// <summary>What a tile kernel is told: one panel of B, and the panels of A that pass over it. Kernels change some of it in place.</summary>
/// <remarks>A kernel takes the address of this as its only argument, so both calling conventions look the same but for one register.</remarks>
[StructLayout(LayoutKind.Explicit)]
internal unsafe struct TileArguments
{
    /// <summary>
    /// Packed panels of A one after the other: group by group of k, a 32-bit unit for each row, <see cref="TileKernel.PackedRows"/> apart; or, for
    /// kernels that are <see cref="TileKernel.IsRowMajor"/>, row by row, a unit for each group, with room for as many rows.
    /// </summary>
    [FieldOffset(Offset.A)]
    public uint* A;

    /// <summary>The packed panel of B: group by group of k, a 32-bit unit for each column, whole vectors.</summary>
    [FieldOffset(Offset.B)]
    public uint* B;

    /// <summary>The first element of C; panels of rows follow each other.</summary>
    [FieldOffset(Offset.C)]
    public void* C;

    /// <summary>Bytes from one row of C to the next.</summary>
    [FieldOffset(Offset.RowBytes)]
    public nint RowBytes;

    /// <summary>Groups of k: pairs of bf16, or fours of bytes.</summary>
    [FieldOffset(Offset.Groups)]
    public nint Groups;

    /// <summary>Panels of A, at least one.</summary>
    [FieldOffset(Offset.Panels)]
    public nint Panels;

    /// <summary>What to prefetch meanwhile, one address a group; any address is fine.</summary>
    [FieldOffset(Offset.Prefetch)]
    public nint Prefetch;

    /// <summary>Bytes from one such address to the next.</summary>
    [FieldOffset(Offset.PrefetchStep)]
    public nint PrefetchStep;

    /// <summary>Bytes added after each <see cref="TileKernel.Unroll"/> of them.</summary>
    [FieldOffset(Offset.PrefetchJump)]
    public nint PrefetchJump;

    /// <summary>Not 0 to add to C, 0 to overwrite it.</summary>
    [FieldOffset(Offset.Accumulate)]
    public nint Accumulate;

    /// <summary>Columns of the last vector that are there, a bit each: for 512-bit kernels with masks.</summary>
    [FieldOffset(Offset.ColumnBits)]
    public nint ColumnBits;

    /// <summary>The same as eight 32-bit masks: for 256-bit kernels with masks.</summary>
    [FieldOffset(Offset.ColumnMask)]
    public int* ColumnMask;

    /// <summary>Bytes of C's rows in the last vector, where columns are missing from it: for tile registers.</summary>
    [FieldOffset(Offset.TailBytes)]
    public nint TailBytes;

    /// <summary>Integer kernels: what each column's sum starts from where C is overwritten; whole vectors.</summary>
    [FieldOffset(Offset.Start)]
    public int* Start;

    /// <summary>Where the fields are, for the kernels.</summary>
    public static class Offset
    {
        public const int A = 0;
        public const int B = 8;
        public const int C = 16;
        public const int RowBytes = 24;
        public const int Groups = 32;
        public const int Panels = 40;
        public const int Prefetch = 48;
        public const int PrefetchStep = 56;
        public const int PrefetchJump = 64;
        public const int Accumulate = 72;
        public const int ColumnBits = 80;
        public const int ColumnMask = 88;
        public const int Start = 96;
        public const int TailBytes = 104;
    }
}
