using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

namespace Graft.Tensors.Kernels;

/// <summary>Copies a head between a batch, where its rows lie far apart, and scratch memory, where they lie close together.</summary>
internal static unsafe class PanelCopy
{
    /// <summary>The next multiple of <paramref name="grain"/>.</summary>
    public static int RoundUp(int count, int grain) => (count + grain - 1) / grain * grain;

    /// <summary>Copies rows, and fills with zeros what is wider or longer than the source.</summary>
    /// <param name="source">[rows, columns].</param>
    /// <param name="sourceStride">Floats from one row of it to the next.</param>
    /// <param name="rows">Number of rows.</param>
    /// <param name="columns">Number of columns.</param>
    /// <param name="target">[targetRows, targetColumns], without gaps.</param>
    /// <param name="targetRows">At least <paramref name="rows"/>.</param>
    /// <param name="targetColumns">At least <paramref name="columns"/>.</param>
    public static void Rows(float* source, nint sourceStride, int rows, int columns, float* target, int targetRows, int targetColumns)
    {
        for (int row = 0; row < rows; row++)
        {
            int column = 0;
            for (; column + Vector<float>.Count <= columns; column += Vector<float>.Count)
            {
                Vector.Load(source + column).Store(target + column);
            }

            for (; column < targetColumns; column++)
            {
                target[column] = column < columns ? source[column] : 0;
            }

            source += sourceStride;
            target += targetColumns;
        }

        new Span<float>(target, (targetRows - rows) * targetColumns).Clear();
    }

    /// <summary><c>target += source * factor</c>, row by row.</summary>
    /// <param name="source">[rows, columns].</param>
    /// <param name="sourceStride">Floats from one row of it to the next.</param>
    /// <param name="rows">Number of rows.</param>
    /// <param name="columns">Number of columns.</param>
    /// <param name="factor">Multiplies every element.</param>
    /// <param name="target">[rows, columns].</param>
    /// <param name="targetStride">Floats from one row of it to the next.</param>
    public static void AddRows(float* source, nint sourceStride, int rows, int columns, float factor, float* target, nint targetStride)
    {
        var factors = new Vector<float>(factor);
        for (int row = 0; row < rows; row++)
        {
            int column = 0;
            for (; column + Vector<float>.Count <= columns; column += Vector<float>.Count)
            {
                (Vector.Load(target + column) + (Vector.Load(source + column) * factors)).Store(target + column);
            }

            for (; column < columns; column++)
            {
                target[column] += source[column] * factor;
            }

            source += sourceStride;
            target += targetStride;
        }
    }

    /// <summary>Copies rows into columns, scaled.</summary>
    /// <param name="source">[rows, columns].</param>
    /// <param name="sourceStride">Floats from one row of it to the next.</param>
    /// <param name="rows">Number of rows.</param>
    /// <param name="columns">Number of columns.</param>
    /// <param name="factor">Multiplies every element.</param>
    /// <param name="target">[columns, rows].</param>
    /// <param name="targetStride">Floats from one row of it to the next.</param>
    public static void Transposed(float* source, nint sourceStride, int rows, int columns, float factor, float* target, nint targetStride)
    {
        Vector128<float> factors = Vector128.Create(factor);
        int tiledRows = CanInterleave ? rows / 4 * 4 : 0;
        int tiledColumns = CanInterleave ? columns / 4 * 4 : 0;
        if (sourceStride > targetStride)
        {
            // Whichever lies further apart is walked along its rows: lines that are a power of two apart evict each other.
            for (int row = 0; row < tiledRows; row += 4)
            {
                for (int column = 0; column < tiledColumns; column += 4)
                {
                    Tile(source + (row * sourceStride) + column, sourceStride, factors, target + (column * targetStride) + row, targetStride);
                }
            }
        }
        else
        {
            for (int column = 0; column < tiledColumns; column += 4)
            {
                for (int row = 0; row < tiledRows; row += 4)
                {
                    Tile(source + (row * sourceStride) + column, sourceStride, factors, target + (column * targetStride) + row, targetStride);
                }
            }
        }

        TransposedElements(source, sourceStride, 0, tiledRows, tiledColumns, columns, factor, target, targetStride);
        TransposedElements(source, sourceStride, tiledRows, rows, 0, columns, factor, target, targetStride);
    }

    /// <summary>Copies rows into columns as <see cref="Transposed"/> does, and fills with zeros what is wider or longer than the source.</summary>
    public static void TransposedPanel(float* source, nint sourceStride, int rows, int columns, float factor, float* target, int targetRows, int lanes)
    {
        Transposed(source, sourceStride, rows, columns, factor, target, lanes);
        for (int column = 0; rows < lanes && column < columns; column++)
        {
            new Span<float>(target + (column * lanes) + rows, lanes - rows).Clear();
        }

        new Span<float>(target + (columns * lanes), (targetRows - columns) * lanes).Clear();
    }

    private static bool CanInterleave => Sse.IsSupported || AdvSimd.Arm64.IsSupported;

    /// <summary>A 4x4 tile: interleaving rows 0 with 2 and 1 with 3, then the results with each other, transposes it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Tile(float* source, nint sourceStride, Vector128<float> factors, float* target, nint targetStride)
    {
        Vector128<float> r0 = Vector128.Load(source) * factors;
        Vector128<float> r1 = Vector128.Load(source + sourceStride) * factors;
        Vector128<float> r2 = Vector128.Load(source + (2 * sourceStride)) * factors;
        Vector128<float> r3 = Vector128.Load(source + (3 * sourceStride)) * factors;
        Vector128<float> low02 = InterleaveLow(r0, r2);
        Vector128<float> high02 = InterleaveHigh(r0, r2);
        Vector128<float> low13 = InterleaveLow(r1, r3);
        Vector128<float> high13 = InterleaveHigh(r1, r3);
        InterleaveLow(low02, low13).Store(target);
        InterleaveHigh(low02, low13).Store(target + targetStride);
        InterleaveLow(high02, high13).Store(target + (2 * targetStride));
        InterleaveHigh(high02, high13).Store(target + (3 * targetStride));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<float> InterleaveLow(Vector128<float> a, Vector128<float> b)
        => Sse.IsSupported ? Sse.UnpackLow(a, b) : AdvSimd.Arm64.ZipLow(a, b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<float> InterleaveHigh(Vector128<float> a, Vector128<float> b)
        => Sse.IsSupported ? Sse.UnpackHigh(a, b) : AdvSimd.Arm64.ZipHigh(a, b);

    private static void TransposedElements(
        float* source, nint sourceStride, int row, int endRow, int column, int endColumn, float factor, float* target, nint targetStride)
    {
        for (; row < endRow; row++)
        {
            for (int c = column; c < endColumn; c++)
            {
                target[(c * targetStride) + row] = source[(row * sourceStride) + c] * factor;
            }
        }
    }
}
