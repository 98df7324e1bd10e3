namespace Graft.Tensors.Kernels;

/// <summary>Turns one storage format of weights into the fp32 panels that the microkernels read.</summary>
/// <remarks>
/// Structs without fields implement it, one per format, so that the JIT specialises the packing loops.
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

    /// <summary>A few columns of consecutive rows.</summary>
    /// <param name="lanes">Vector length of the instruction set in use: 16, 8, 4 or 1.</param>
    /// <param name="weight">The stored matrix.</param>
    /// <param name="row">First row.</param>
    /// <param name="rows">Rows.</param>
    /// <param name="column">First column.</param>
    /// <param name="count">Columns, at most 32.</param>
    /// <param name="destination">Where to write them.</param>
    /// <param name="step">Elements from one row to the next in <paramref name="destination"/>.</param>
    static abstract void DecodeRows(int lanes, in WeightView weight, long row, int rows, int column, int count, float* destination, nint step);

    /// <summary>Whether <see cref="RunPacking"/> is there: an element's value depends on nothing but its own bits.</summary>
    static virtual bool RunsPacking => false;

    /// <summary>A tile that decodes a panel of B while it uses it; see <see cref="IMicrokernel.RunPacking"/>.</summary>
    /// <typeparam name="TKernel">The microkernel.</typeparam>
    /// <param name="weight">The stored matrix, [k, n].</param>
    /// <param name="row">First k.</param>
    /// <param name="column">First column of the panel, which has the width of the widest tile.</param>
    /// <param name="rows">Rows of the tile.</param>
    /// <param name="depth">Steps of k.</param>
    /// <param name="a">A.</param>
    /// <param name="aRow">Elements from one row to the next in A.</param>
    /// <param name="aStep">Elements from one k to the next in A.</param>
    /// <param name="packed">Receives the panel.</param>
    /// <param name="c">C.</param>
    /// <param name="ldc">Elements from one row of C to the next.</param>
    /// <param name="accumulate">Add to C.</param>
    static virtual void RunPacking<TKernel>(
        in WeightView weight, long row, int column, int rows, nint depth, float* a, nint aRow, nint aStep, float* packed, float* c, nint ldc, bool accumulate)
        where TKernel : struct, IMicrokernel
        => throw new NotSupportedException();

    /// <summary>Panels of neighbouring columns that are decoded together by <see cref="DecodePanels"/>; 1 where single ones are as fast.</summary>
    static virtual int PanelsAtOnce => 1;

    /// <summary>Several panels at once, a row across all of them: <c>destination[panel·panelStep + i·stride + j] = weight[row + i, column + panel·width + j]</c>.</summary>
    /// <remarks>The stride is the panel's columns rounded up to whole vectors; what lies beyond a last, narrower panel's columns is finite.</remarks>
    /// <param name="lanes">Vector length of the instruction set in use: 16, 8, 4 or 1.</param>
    /// <param name="weight">The stored matrix.</param>
    /// <param name="row">First row.</param>
    /// <param name="rows">Rows.</param>
    /// <param name="column">First column.</param>
    /// <param name="count">Columns in all.</param>
    /// <param name="width">Columns of a panel.</param>
    /// <param name="destination">Where to write.</param>
    /// <param name="panelStep">Elements from one panel to the next in <paramref name="destination"/>.</param>
    static virtual void DecodePanels(int lanes, in WeightView weight, long row, int rows, int column, int count, int width, float* destination, nint panelStep)
        => throw new NotSupportedException();

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
