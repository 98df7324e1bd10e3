using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Graft.Tensors.Kernels;

/// <summary>Rows of fp32 as integers of 16 bits and a few more, with a scale for every 32 of them.</summary>
/// <remarks>
/// With L = 32,767 · 2^(low bits): the scale of a block is its largest magnitude / L, an integer is the element times (L / largest
/// magnitude), rounded to the nearest, ties to even. A block with nothing above 1e-30 is zeros; one with a number that is not finite has the
/// scale NaN and zeros. Integers lie in two halves that multiply as 16-bit numbers: the nearest multiple of 2^(low bits), and what is left.
/// Scales and the integers' totals come in runs, of 16 elements (each scale twice) or of 32, as weights have them. Behind the last block
/// there are zeros up to a multiple of 256 elements.
/// </remarks>
internal unsafe struct RoundedRows
{
    /// <summary>Elements with a scale of their own.</summary>
    public const int Block = 32;

    /// <summary>Elements up to a multiple of which a row is filled up.</summary>
    public const int Step = 256;

    private const float Smallest = 1e-30f;

    /// <summary>The integers: of each block the upper halves, then the lower ones; rows are twice <see cref="Columns"/> apart.</summary>
    public short* Codes;

    /// <summary>A scale for each run; rows are <see cref="Runs"/> apart.</summary>
    public float* Scales;

    /// <summary>The sum of the integers of each run.</summary>
    public int* Totals;

    /// <summary>Elements from one row to the next.</summary>
    public int Columns;

    /// <summary>Runs from one row to the next.</summary>
    public int Runs;

    /// <summary>Memory for some rows, in floats.</summary>
    /// <param name="rows">Number of rows.</param>
    /// <param name="columns">Their length.</param>
    /// <param name="runElements">Elements of a run.</param>
    public static long FloatsFor(int rows, int columns, int runElements)
    {
        long padded = Padded(columns);
        return rows * (padded + (2 * (padded / runElements)));
    }

    /// <summary>Rounds rows.</summary>
    /// <param name="m">Number of rows.</param>
    /// <param name="a">The rows.</param>
    /// <param name="lda">Elements from one row to the next.</param>
    /// <param name="columns">Elements of a row: whole blocks.</param>
    /// <param name="runElements">Elements of a run: 16 or 32.</param>
    /// <param name="lowBits">Bits beyond 16.</param>
    /// <param name="memory"><see cref="FloatsFor"/>, aligned to 64 bytes.</param>
    /// <param name="vectors">Whether to use AVX2; the bits are the same.</param>
    public static RoundedRows Of(int m, float* a, long lda, int columns, int runElements, int lowBits, float* memory, bool vectors)
    {
        int padded = Padded(columns);
        int runs = padded / runElements;
        var rows = new RoundedRows { Codes = (short*)memory, Scales = memory + ((long)m * padded), Columns = padded, Runs = runs };
        rows.Totals = (int*)(rows.Scales + ((long)m * runs));
        for (int i = 0; i < m; i++)
        {
            short* codes = rows.Codes + ((long)i * 2 * padded);
            float* scales = rows.Scales + ((long)i * runs);
            int* totals = rows.Totals + ((long)i * runs);
            int runsOfBlock = Block / runElements;
            for (int p = 0; p < columns; p += Block, scales += runsOfBlock, totals += runsOfBlock)
            {
                scales[0] = vectors
                    ? RoundAvx2(a + (i * lda) + p, codes + (2 * p), totals, runsOfBlock, lowBits)
                    : RoundScalar(a + (i * lda) + p, codes + (2 * p), totals, runsOfBlock, lowBits);
                scales[runsOfBlock - 1] = scales[0];
            }

            int missing = (padded - columns) / runElements;
            new Span<short>(codes + (2 * columns), 2 * (padded - columns)).Clear();
            new Span<float>(scales, missing).Clear();
            new Span<int>(totals, missing).Clear();
        }

        return rows;
    }

    /// <summary>A row's length with what fills it up.</summary>
    public static int Padded(int columns) => (columns + Step - 1) / Step * Step;

    /// <summary>Scale of a block, and what its elements are multiplied with to become integers.</summary>
    private static (float Scale, float Factor) ScaleOf(float largest, int lowBits)
    {
        if (!float.IsFinite(largest))
        {
            return (float.NaN, 0);
        }

        float limit = short.MaxValue << lowBits;
        return largest < Smallest ? (0, 0) : (largest / limit, limit / largest);
    }

    private static float RoundScalar(float* a, short* codes, int* totals, int runs, int lowBits)
    {
        float largest = 0;
        for (int j = 0; j < Block; j++)
        {
            // NaN goes through.
            largest = MathF.Max(largest, MathF.Abs(a[j]));
        }

        (float scale, float factor) = ScaleOf(largest, lowBits);
        new Span<int>(totals, runs).Clear();
        for (int j = 0; j < Block; j++)
        {
            int code = factor == 0 ? 0 : (int)MathF.Round(a[j] * factor);
            int high = (code + (1 << lowBits >> 1)) >> lowBits;
            codes[j] = (short)high;
            codes[Block + j] = (short)(code - (high << lowBits));
            totals[j * runs / Block] += code;
        }

        return scale;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float RoundAvx2(float* a, short* codes, int* totals, int runs, int lowBits)
    {
        Vector256<float> a0 = Vector256.Load(a), a1 = Vector256.Load(a + 8), a2 = Vector256.Load(a + 16), a3 = Vector256.Load(a + 24);

        // Magnitudes compare like integers, and those of NaN are larger than all others.
        Vector256<int> magnitudes = Avx2.Max(
            Avx2.Max(a0.AsInt32() & Vector256.Create(int.MaxValue), a1.AsInt32() & Vector256.Create(int.MaxValue)),
            Avx2.Max(a2.AsInt32() & Vector256.Create(int.MaxValue), a3.AsInt32() & Vector256.Create(int.MaxValue)));
        Vector128<int> four = Sse41.Max(magnitudes.GetLower(), magnitudes.GetUpper());
        four = Sse41.Max(four, Sse2.Shuffle(four, 0b01_00_11_10));
        four = Sse41.Max(four, Sse2.Shuffle(four, 0b10_11_00_01));
        (float scale, float factor) = ScaleOf(BitConverter.Int32BitsToSingle(four.ToScalar()), lowBits);
        if (factor == 0)
        {
            new Span<short>(codes, 2 * Block).Clear();
            new Span<int>(totals, runs).Clear();
            return scale;
        }

        var factors = Vector256.Create(factor);
        Vector256<int> first = Split(a0 * factors, a1 * factors, lowBits, codes), second = Split(a2 * factors, a3 * factors, lowBits, codes + 16);
        if (runs == 1)
        {
            totals[0] = Vector256.Sum(first + second);
        }
        else
        {
            totals[0] = Vector256.Sum(first);
            totals[1] = Vector256.Sum(second);
        }

        return scale;
    }

    /// <summary>Sixteen elements as integers, whose sums in eights it returns.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> Split(Vector256<float> first, Vector256<float> second, int lowBits, short* codes)
    {
        Vector256<int> x = Avx.ConvertToVector256Int32(first), y = Avx.ConvertToVector256Int32(second);
        var half = Vector256.Create(1 << lowBits >> 1);
        Vector256<int> highX = (x + half) >> lowBits, highY = (y + half) >> lowBits;
        InOrder(Avx2.PackSignedSaturate(highX, highY)).Store(codes);
        InOrder(Avx2.PackSignedSaturate(x - (highX << lowBits), y - (highY << lowBits))).Store(codes + Block);
        return x + y;
    }

    // Packing works on halves of the registers: their quarters come in the order 0, 2, 1, 3.
    private static Vector256<short> InOrder(Vector256<short> packed) => Avx2.Permute4x64(packed.AsInt64(), 0b11_01_10_00).AsInt16();
}
