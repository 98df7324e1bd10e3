namespace Graft.Tensors.Kernels;

/// <summary>The innermost product of one instruction set: a tile of C that stays in registers over a block of k.</summary>
/// <remarks>Structs without fields implement it, so that the JIT specialises the loops around it.</remarks>
internal unsafe interface IMicrokernel
{
    /// <summary>Elements in a vector.</summary>
    static abstract int Lanes { get; }

    /// <summary>Rows of the largest tile.</summary>
    static abstract int MaxRows { get; }

    /// <summary>Vectors in the widest tile.</summary>
    static abstract int MaxVectors { get; }

    /// <summary>Floats that one k takes in a packed panel of A: <see cref="MaxRows"/> rounded up to whole vectors.</summary>
    static abstract int PackedRows { get; }

    /// <summary>Whether the rows of A may be apart, as they are stored; otherwise they must be packed, side by side.</summary>
    static abstract bool ReadsRows { get; }

    /// <summary><c>C (+)= A · B</c> for a tile of <paramref name="rows"/> by <paramref name="vectors"/> · <see cref="Lanes"/>.</summary>
    /// <remarks>Each element: from zero, one fused multiply-add a step of k; then stored, or added to C (C first).</remarks>
    /// <param name="rows">Rows, 1 to <see cref="MaxRows"/>.</param>
    /// <param name="vectors">Vectors, 1 to <see cref="MaxVectors"/>.</param>
    /// <param name="depth">Steps of k.</param>
    /// <param name="a">A.</param>
    /// <param name="aRow">Elements from one row to the next in A; 1 unless <see cref="ReadsRows"/>.</param>
    /// <param name="aStep">Elements from one k to the next in A.</param>
    /// <param name="b">B: the columns' elements of one k follow each other.</param>
    /// <param name="bStep">Elements from one k to the next in B.</param>
    /// <param name="c">C.</param>
    /// <param name="ldc">Elements from one row of C to the next.</param>
    /// <param name="accumulate">Add to C instead of overwriting it.</param>
    /// <param name="walk">What to prefetch meanwhile.</param>
    static abstract void Run(int rows, int vectors, nint depth, float* a, nint aRow, nint aStep, float* b, nint bStep, float* c, nint ldc, bool accumulate, in PrefetchWalk walk);

    /// <summary>A tile of full width that reads B where it is stored, row by row, and leaves it packed as well: packing costs no pass of its own.</summary>
    /// <typeparam name="TSource">The storage format of B.</typeparam>
    /// <param name="rows">Rows, 1 to <see cref="MaxRows"/>.</param>
    /// <param name="depth">Steps of k.</param>
    /// <param name="a">A.</param>
    /// <param name="aRow">Elements from one row to the next in A; 1 unless <see cref="ReadsRows"/>.</param>
    /// <param name="aStep">Elements from one k to the next in A.</param>
    /// <param name="source">B, in storage.</param>
    /// <param name="sourceStep">Bytes from one k to the next there.</param>
    /// <param name="b">Receives B.</param>
    /// <param name="bStep">Elements from one k to the next there.</param>
    /// <param name="c">C.</param>
    /// <param name="ldc">Elements from one row of C to the next.</param>
    /// <param name="accumulate">Add to C instead of overwriting it.</param>
    static abstract void RunPacking<TSource>(
        int rows, nint depth, float* a, nint aRow, nint aStep, byte* source, nint sourceStep, float* b, nint bStep, float* c, nint ldc, bool accumulate)
        where TSource : struct, IVectorSource;
}
