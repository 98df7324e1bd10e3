using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Graft.Tensors.Kernels;

/// <summary>Turns scaled numbers into 4-bit codes, two a byte, the first in the upper half.</summary>
internal static unsafe class FourBitEncoder
{
    private const int Thresholds = 15;

    /// <summary>The codes of FP4 in ascending order of their values; of its two zeros the one without a sign is the lower.</summary>
    private static ReadOnlySpan<byte> Float4Order => [11, 10, 13, 12, 15, 14, 9, 0, 8, 1, 6, 7, 4, 5, 2, 3];

    private static readonly float[] NormalFloat4Thresholds = Midpoints(CodeTables.NormalFloat4, []);
    private static readonly float[] Float4Thresholds = Midpoints(CodeTables.Float4, Float4Order);

    /// <summary>Encodes numbers.</summary>
    /// <param name="vectors">Whether to use AVX2; the codes are the same.</param>
    /// <param name="values">The numbers.</param>
    /// <param name="count">How many: even.</param>
    /// <param name="factor">What they are multiplied by.</param>
    /// <param name="type">What codes stand for.</param>
    /// <param name="packed">Half a byte for each.</param>
    public static void Encode(bool vectors, float* values, int count, float factor, FourBitType type, byte* packed)
    {
        float[] table = type == FourBitType.NF4 ? NormalFloat4Thresholds : Float4Thresholds;
        fixed (float* thresholds = table)
        {
            int done = vectors ? EncodeAvx2(values, count, factor, thresholds, type == FourBitType.FP4, packed) : 0;
            for (int i = done; i < count; i += 2)
            {
                packed[i / 2] = (byte)((Code(values[i] * factor, thresholds, type) << 4) | Code(values[i + 1] * factor, thresholds, type));
            }
        }
    }

    private static int Code(float value, float* thresholds, FourBitType type)
    {
        int rank = 0;
        for (int i = 0; i < Thresholds; i++)
        {
            rank += thresholds[i] < value ? 1 : 0;
        }

        return type == FourBitType.NF4 ? rank : Float4Order[rank];
    }

    /// <summary>Whole groups of 32 numbers.</summary>
    /// <returns>How many were done.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static int EncodeAvx2(float* values, int count, float factor, float* thresholds, bool reorder, byte* packed)
    {
        Vector256<float> factors = Vector256.Create(factor);
        Vector256<byte> order = Vector256.Create(Vector128.Create(Float4Order), Vector128.Create(Float4Order));
        Vector256<float> first = Vector256.Create(thresholds[7]), below = Vector256.Create(thresholds[3]), above = Vector256.Create(thresholds[11]);

        // Permutations take minus the rank so far, of which they see the lowest three bits.
        Vector256<float> third = Vector256.Create(thresholds[1], 0, 0, 0, 0, thresholds[13], thresholds[9], thresholds[5]);
        Vector256<float> fourth = Vector256.Create(thresholds[0], thresholds[14], thresholds[12], thresholds[10], thresholds[8], thresholds[6], thresholds[4], thresholds[2]);
        Vector256<short> weights = Vector256.Create((short)0x0110);
        int i = 0;
        for (; i + 32 <= count; i += 32)
        {
            Vector256<int> a = MinusRank(Vector256.Load(values + i) * factors, first, below, above, third, fourth);
            Vector256<int> b = MinusRank(Vector256.Load(values + i + 8) * factors, first, below, above, third, fourth);
            Vector256<int> c = MinusRank(Vector256.Load(values + i + 16) * factors, first, below, above, third, fourth);
            Vector256<int> d = MinusRank(Vector256.Load(values + i + 24) * factors, first, below, above, third, fourth);

            // Each half holds four codes of a, then of b, c and d; pairs become bytes, and the halves' pairs of bytes alternate.
            Vector256<byte> codes = (-Avx2.PackSignedSaturate(Avx2.PackSignedSaturate(a, b), Avx2.PackSignedSaturate(c, d))).AsByte();
            codes = reorder ? Avx2.Shuffle(order, codes) : codes;
            Vector256<short> pairs = Avx2.MultiplyAddAdjacent(codes, weights.AsSByte());
            Vector256<short> bytes = Avx2.PackUnsignedSaturate(pairs, pairs).AsInt16();
            Sse2.UnpackLow(bytes.GetLower(), bytes.GetUpper()).AsByte().Store(packed + (i / 2));
        }

        return i;
    }

    /// <summary>For each number, minus how many thresholds are below it: a search in four steps. Numbers beyond the table's ends need no limit.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> MinusRank(
        Vector256<float> values, Vector256<float> first, Vector256<float> below, Vector256<float> above, Vector256<float> third, Vector256<float> fourth)
    {
        Vector256<float> isAbove = Vector256.GreaterThan(values, first);
        Vector256<int> rank = isAbove.AsInt32();
        rank += rank + Vector256.GreaterThan(values, Avx.BlendVariable(below, above, isAbove)).AsInt32();
        rank += rank + Vector256.GreaterThan(values, Avx2.PermuteVar8x32(third, rank)).AsInt32();
        return rank + rank + Vector256.GreaterThan(values, Avx2.PermuteVar8x32(fourth, rank)).AsInt32();
    }

    private static float[] Midpoints(ReadOnlySpan<float> table, ReadOnlySpan<byte> order)
    {
        var midpoints = new float[Thresholds];
        for (int i = 0; i < Thresholds; i++)
        {
            (int lower, int upper) = order.IsEmpty ? (i, i + 1) : (order[i], order[i + 1]);
            midpoints[i] = (table[lower] + table[upper]) / 2;
        }

        return midpoints;
    }
}
