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
    /// <param name="factor">What they are multiplied by; the products are then limited to -1 and 1.</param>
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
        value = Math.Clamp(value, -1, 1);
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
        Vector256<byte> order = reorder ? Vector256.Create(Vector128.Create(Float4Order), Vector128.Create(Float4Order)) : Vector256<byte>.Zero;

        // Byte 4n of the four vectors' combined 64-bit units belongs to output byte n; so the dwords are gathered, then transposed.
        Vector256<int> even = Vector256.Create(0, 2, 4, 6, 0, 2, 4, 6);
        Vector128<byte> transpose = Vector128.Create((byte)0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
        int i = 0;
        for (; i + 32 <= count; i += 32)
        {
            Vector256<ulong> a = Pairs(Ranks(Vector256.Load(values + i) * factors, thresholds), order, reorder);
            Vector256<ulong> b = Pairs(Ranks(Vector256.Load(values + i + 8) * factors, thresholds), order, reorder);
            Vector256<ulong> c = Pairs(Ranks(Vector256.Load(values + i + 16) * factors, thresholds), order, reorder);
            Vector256<ulong> d = Pairs(Ranks(Vector256.Load(values + i + 24) * factors, thresholds), order, reorder);
            Vector256<int> joined = (a | (b << 8) | (c << 16) | (d << 24)).AsInt32();
            Vector128<byte> bytes = Avx2.PermuteVar8x32(joined, even).GetLower().AsByte();
            Ssse3.Shuffle(bytes, transpose).Store(packed + (i / 2));
        }

        return i;
    }

    /// <summary>For each number, how many thresholds are below it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> Ranks(Vector256<float> products, float* thresholds)
    {
        Vector256<float> values = Vector256.Min(Vector256.Max(products, Vector256.Create(-1f)), Vector256<float>.One);
        Vector256<int> below = Above(values, thresholds[0]) + Above(values, thresholds[1]) + Above(values, thresholds[2]);
        below += Above(values, thresholds[3]) + Above(values, thresholds[4]) + Above(values, thresholds[5]);
        below += Above(values, thresholds[6]) + Above(values, thresholds[7]) + Above(values, thresholds[8]);
        below += Above(values, thresholds[9]) + Above(values, thresholds[10]) + Above(values, thresholds[11]);
        below += Above(values, thresholds[12]) + Above(values, thresholds[13]) + Above(values, thresholds[14]);
        return -below;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> Above(Vector256<float> values, float threshold) => Vector256.GreaterThan(values, Vector256.Create(threshold)).AsInt32();

    /// <summary>Two neighbouring codes to one byte, the lowest of each 64-bit unit; the unit's other bytes are zero.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<ulong> Pairs(Vector256<int> ranks, Vector256<byte> order, bool reorder)
    {
        Vector256<ulong> codes = (reorder ? Avx2.Shuffle(order, ranks.AsByte()).AsInt32() & Vector256.Create(15) : ranks).AsUInt64();
        return ((codes << 4) | (codes >> 32)) & Vector256.Create(0xFFul);
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
