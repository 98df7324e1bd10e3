namespace Graft.Tensors.Kernels;

/// <summary>Turns one storage format of weights into the fp32 panels that the microkernels read.</summary>
/// <remarks>
/// Structs without fields implement it, one per format, so that the JIT specialises the packing loops. A new format needs
/// <see cref="Decode"/> only; formats whose elements stand side by side can also transpose before they widen.
/// </remarks>
internal unsafe interface IPanelDecoder
{
    /// <summary>Where an element is stored.</summary>
    /// <param name="weight">The stored matrix.</param>
    /// <param name="row">Row.</param>
    /// <param name="column">Column.</param>
    static abstract byte* Address(in WeightView weight, long row, int column);

    /// <summary>Consecutive elements of one row.</summary>
    /// <param name="lanes">Vector length of the instruction set in use: 16, 8, 4 or 1.</param>
    /// <param name="weight">The stored matrix.</param>
    /// <param name="row">Row.</param>
    /// <param name="column">First column.</param>
    /// <param name="count">How many.</param>
    /// <param name="destination">Where to write them.</param>
    static abstract void Decode(int lanes, in WeightView weight, long row, int column, int count, float* destination);

    /// <summary>Up to <paramref name="lanes"/> rows side by side: <c>destination[p·step + i] = weight[row + i, column + p]</c>.</summary>
    /// <remarks>Lanes without a row get some finite value of the matrix: the product's columns there are dropped.</remarks>
    /// <param name="lanes">Vector length of the instruction set in use: 16, 8, 4 or 1.</param>
    /// <param name="weight">The stored matrix.</param>
    /// <param name="row">First row.</param>
    /// <param name="rows">Rows, at most <paramref name="lanes"/>.</param>
    /// <param name="column">First column.</param>
    /// <param name="depth">Columns.</param>
    /// <param name="destination">Where to write.</param>
    /// <param name="step">Elements from one column to the next in <paramref name="destination"/>.</param>
    static abstract void DecodeTransposed(int lanes, in WeightView weight, long row, int rows, int column, int depth, float* destination, nint step);
}
