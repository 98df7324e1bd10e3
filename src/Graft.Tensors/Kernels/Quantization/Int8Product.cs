using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Graft.Tensors.Memory;
using Graft.Tensors.Threading;

namespace Graft.Tensors.Kernels;

/// <summary>LLM.int8()'s product of codes: exact sums in 32-bit integers, then <c>sum * (row scale * column scale) * 6.200124e-05 + bias</c>.</summary>
/// <remarks>
/// Two neighbouring codes of a row, widened to 16 bits, are one unit: an instruction multiplies both and adds the products. Columns
/// go in panels of 16 through all rows while the panel is in the first-level cache. Sums are exact, so no order matters.
/// </remarks>
internal unsafe struct Int8Product : IParallelJob
{
    /// <summary>bitsandbytes' constant for 1 / 127²; it is that much off.</summary>
    internal const float Unscale = 6.200124e-05f;

    private const int WideSlot = 2;
    private const int PanelSlot = 1;
    internal const int PanelWidth = 16;
    private const int PairsAtOnce = 256;
    private const int FewRows = 3;

    public int M, N, K;
    public sbyte* B;
    public float* RowScales, ColumnScales, Bias, C;
    private short* _a;
    private int _pairs;
    private GemmPartition _partition;

    /// <summary>Computes C [m, n] from A [m, k] and the weight.</summary>
    /// <param name="a">Codes of the activations, row by row.</param>
    /// <param name="rowScales">Scale of each row.</param>
    /// <param name="m">Rows.</param>
    /// <param name="weight">[n, k].</param>
    /// <param name="bias">[n] or null.</param>
    /// <param name="c">Receives the result.</param>
    public static void Run(sbyte* a, float* rowScales, int m, Int8Matrix weight, float* bias, float* c)
    {
        if (m > FewRows && Int8TileProduct.CurrentTile is { } tile)
        {
            new Int8TileProduct { Tile = tile, A = a, RowScales = rowScales, M = m, Bias = bias, C = c }.Run(weight);
            return;
        }

        int k = weight.Columns;
        int pairs = (k + 1) / 2;
        var wide = (short*)ThreadScratch.Get(WideSlot, (nuint)((long)m * pairs * 2 * sizeof(short)));
        for (int row = 0; row < m; row++)
        {
            short* target = wide + ((nint)row * pairs * 2);
            target[(2 * pairs) - 1] = 0;
            Widen(a + ((nint)row * k), k, target);
        }

        var product = new Int8Product
        {
            M = m,
            N = weight.Rows,
            K = k,
            B = weight.Codes,
            RowScales = rowScales,
            ColumnScales = weight.Scales,
            Bias = bias,
            C = c,
            _a = wide,
            _pairs = pairs,
            _partition = GemmPartition.Choose(m, weight.Rows, k, WorkerPool.Shared.WorkerCount, PanelWidth),
        };
        WorkerPool.Shared.Run(product._partition.Parts, ref product);
        GC.KeepAlive(weight);
    }

    /// <inheritdoc/>
    public readonly void Execute(int part)
    {
        (int rowStart, int rowEnd, int columnStart, int columnEnd) = _partition.Range(part, M, N, PanelWidth);
        int rows = rowEnd - rowStart;
        if (InstructionSet.Current < Isa.Avx2 || rows <= FewRows)
        {
            for (int column = columnStart; column < columnEnd; column++)
            {
                for (int row = rowStart; row < rowEnd; row++)
                {
                    Store(row, column, Dot(_a + ((nint)row * _pairs * 2), B + ((nint)column * K)));
                }
            }

            return;
        }

        var panel = (int*)ThreadScratch.Get(PanelSlot, (nuint)(((PairsAtOnce * PanelWidth) + ((long)rows * PanelWidth)) * sizeof(int)));
        int* sums = panel + (PairsAtOnce * PanelWidth);
        for (int column = columnStart; column < columnEnd; column += PanelWidth)
        {
            Panel(rowStart, rows, column, Math.Min(PanelWidth, columnEnd - column), panel, sums);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private readonly void Panel(int rowStart, int rows, int column, int width, int* panel, int* sums)
    {
        for (int pair = 0; pair < _pairs; pair += PairsAtOnce)
        {
            int pairs = Math.Min(PairsAtOnce, _pairs - pair);
            Pack(column, width, pair, pairs, panel);
            short* a = _a + ((((nint)rowStart * _pairs) + pair) * 2);
            int row = 0;
            for (; row + 4 <= rows; row += 4)
            {
                FourRows(a + ((nint)row * _pairs * 2), (nint)_pairs * 2, pairs, panel, sums + (row * PanelWidth), pair > 0);
            }

            for (; row < rows; row++)
            {
                OneRow(a + ((nint)row * _pairs * 2), pairs, panel, sums + (row * PanelWidth), pair > 0);
            }
        }

        for (int row = 0; row < rows; row++)
        {
            for (int j = 0; j < width; j++)
            {
                Store(rowStart + row, column + j, sums[(row * PanelWidth) + j]);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private readonly void Store(int row, int column, int sum)
    {
        float value = sum * (RowScales[row] * ColumnScales[column]) * Unscale;
        C[((nint)row * N) + column] = Bias == null ? value : value + Bias[column];
    }

    /// <summary>Widens codes of 16 columns to pairs, all columns' pairs of one k next to each other; missing columns repeat the last.</summary>
    private readonly void Pack(int column, int width, int pair, int pairs, int* panel)
    {
        int whole = Math.Min(pairs, (K / 2) - pair);
        for (int half = 0; half < PanelWidth; half += 8)
        {
            int first = Math.Min(half, width - 1);
            PanelTranspose.Run<CodePairWidener>(
                8, (byte*)B + ((nint)(column + first) * K) + (2 * pair), K, Math.Clamp(width - half, 1, 8), whole, (float*)panel + half, PanelWidth);
        }

        for (int j = 0; j < PanelWidth && whole < pairs; j++)
        {
            panel[(whole * PanelWidth) + j] = (ushort)B[((nint)(column + Math.Min(j, width - 1)) * K) + K - 1];
        }
    }

    /// <summary>Four rows with a panel of columns: the innermost product.</summary>
    /// <param name="a">Pairs of the first row.</param>
    /// <param name="step">Elements from one row to the next.</param>
    /// <param name="pairs">Pairs of k.</param>
    /// <param name="panel">Pairs of the columns, packed.</param>
    /// <param name="sums">Four rows of sums.</param>
    /// <param name="accumulate">Add to the sums.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void FourRows(short* a, nint step, int pairs, int* panel, int* sums, bool accumulate)
    {
        int* a0 = (int*)a, a1 = (int*)(a + step), a2 = (int*)(a + (2 * step)), a3 = (int*)(a + (3 * step));
        Vector256<int> s00 = Vector256<int>.Zero, s01 = s00, s10 = s00, s11 = s00, s20 = s00, s21 = s00, s30 = s00, s31 = s00;
        for (nint p = 0; p < pairs; p++, panel += PanelWidth)
        {
            Vector256<short> b0 = Vector256.Load(panel).AsInt16(), b1 = Vector256.Load(panel + 8).AsInt16();
            Vector256<short> x = Vector256.Create(a0[p]).AsInt16();
            s00 += Avx2.MultiplyAddAdjacent(x, b0);
            s01 += Avx2.MultiplyAddAdjacent(x, b1);
            x = Vector256.Create(a1[p]).AsInt16();
            s10 += Avx2.MultiplyAddAdjacent(x, b0);
            s11 += Avx2.MultiplyAddAdjacent(x, b1);
            x = Vector256.Create(a2[p]).AsInt16();
            s20 += Avx2.MultiplyAddAdjacent(x, b0);
            s21 += Avx2.MultiplyAddAdjacent(x, b1);
            x = Vector256.Create(a3[p]).AsInt16();
            s30 += Avx2.MultiplyAddAdjacent(x, b0);
            s31 += Avx2.MultiplyAddAdjacent(x, b1);
        }

        Put(s00, s01, sums, accumulate);
        Put(s10, s11, sums + PanelWidth, accumulate);
        Put(s20, s21, sums + (2 * PanelWidth), accumulate);
        Put(s30, s31, sums + (3 * PanelWidth), accumulate);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void OneRow(short* a, int pairs, int* panel, int* sums, bool accumulate)
    {
        Vector256<int> s0 = Vector256<int>.Zero, s1 = s0;
        for (nint p = 0; p < pairs; p++, panel += PanelWidth)
        {
            Vector256<short> x = Vector256.Create(((int*)a)[p]).AsInt16();
            s0 += Avx2.MultiplyAddAdjacent(x, Vector256.Load(panel).AsInt16());
            s1 += Avx2.MultiplyAddAdjacent(x, Vector256.Load(panel + 8).AsInt16());
        }

        Put(s0, s1, sums, accumulate);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Put(Vector256<int> low, Vector256<int> high, int* sums, bool accumulate)
    {
        (accumulate ? low + Vector256.Load(sums) : low).Store(sums);
        (accumulate ? high + Vector256.Load(sums + 8) : high).Store(sums + 8);
    }

    /// <summary>One row with one column, unpacked: for few rows, where memory is the bound.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private readonly int Dot(short* a, sbyte* b)
    {
        int sum = 0;
        nint p = 0;
        if (InstructionSet.Current >= Isa.Avx2)
        {
            Vector256<int> s0 = Vector256<int>.Zero, s1 = s0;
            for (; p + 32 <= K; p += 32)
            {
                s0 += Avx2.MultiplyAddAdjacent(Vector256.Load(a + p), Avx2.ConvertToVector256Int16(b + p));
                s1 += Avx2.MultiplyAddAdjacent(Vector256.Load(a + p + 16), Avx2.ConvertToVector256Int16(b + p + 16));
            }

            sum = Vector256.Sum(s0 + s1);
        }

        for (; p < K; p++)
        {
            sum += a[p] * b[p];
        }

        return sum;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Widen(sbyte* source, int count, short* target)
    {
        int i = 0;
        if (InstructionSet.Current >= Isa.Avx2)
        {
            for (; i + 16 <= count; i += 16)
            {
                Avx2.ConvertToVector256Int16(source + i).Store(target + i);
            }
        }

        for (; i < count; i++)
        {
            target[i] = source[i];
        }
    }
}
