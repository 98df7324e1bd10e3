using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Graft.Tensors.Kernels;

/// <summary>Steps of packing bf16 pairs: rounding a row, pairing two rows, transposing rows of pairs.</summary>
internal static unsafe class BFloat16Rows
{
    /// <summary>Terms of a block.</summary>
    public const int MaxDepth = 2 * ProductTile.BlockGroups;

    /// <summary>Columns that are packed together at most: two vectors of 512 bits.</summary>
    public const int MaxColumns = 32;

    private const uint RoundingBias = 0x7FFF;
    private const uint QuietBit = 0x40;
    private const uint UpperHalf = 0xFFFF0000;

    /// <summary>Rounds a row to nearest, ties to even; NaN stays NaN.</summary>
    /// <param name="source">fp32.</param>
    /// <param name="count">How many.</param>
    /// <param name="destination">Receives bf16.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Round(float* source, int count, ushort* destination)
    {
        int i = 0;
        if (Vector512.IsHardwareAccelerated && InstructionSet.Current >= Isa.Avx512)
        {
            for (; i + 32 <= count; i += 32)
            {
                Vector512.Narrow(RoundInPlace(Vector512.Load(source + i)) >> 16, RoundInPlace(Vector512.Load(source + i + 16)) >> 16).Store(destination + i);
            }
        }

        if (InstructionSet.Current >= Isa.Avx2)
        {
            for (; i + 16 <= count; i += 16)
            {
                Vector256.Narrow(Round(Vector256.Load(source + i)), Round(Vector256.Load(source + i + 8))).Store(destination + i);
            }
        }

        for (; i < count; i++)
        {
            destination[i] = BFloat16.FromSingle(source[i]);
        }
    }

    /// <summary><see cref="Interleave"/> of rows in fp32, rounded to nearest, ties to even; NaN stays NaN.</summary>
    /// <param name="lanes">Vector length to work with: 16, 8, 4 or 1.</param>
    /// <param name="source">fp32.</param>
    /// <param name="stride">Elements from one row to the next.</param>
    /// <param name="rows">Rows.</param>
    /// <param name="count">Elements of a row.</param>
    /// <param name="destination">Where to write units.</param>
    /// <param name="step">Units from one pair to the next there.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void RoundPairs(int lanes, float* source, nint stride, int rows, int count, uint* destination, nint step)
    {
        for (; rows > 1; rows -= 2, source += 2 * stride, destination += step)
        {
            float* odd = source + stride;
            int j = 0;
            for (; Vector512.IsHardwareAccelerated && lanes >= 16 && j + 16 <= count; j += 16)
            {
                ((RoundInPlace(Vector512.Load(source + j)) >> 16) | (RoundInPlace(Vector512.Load(odd + j)) & Vector512.Create(UpperHalf))).Store(destination + j);
            }

            for (; lanes >= 8 && j + 8 <= count; j += 8)
            {
                ((RoundInPlace(Vector256.Load(source + j)) >> 16) | (RoundInPlace(Vector256.Load(odd + j)) & Vector256.Create(UpperHalf))).Store(destination + j);
            }

            for (; j < count; j++)
            {
                destination[j] = BFloat16.FromSingle(source[j]) | ((uint)BFloat16.FromSingle(odd[j]) << 16);
            }
        }

        for (int j = 0; j < count && rows > 0; j++)
        {
            destination[j] = BFloat16.FromSingle(source[j]);
        }
    }

    /// <summary>Pairs of rows: <c>destination[p · step + j] = source[2p][j] | source[2p + 1][j] &lt;&lt; 16</c>; a last row without a partner is paired with zeros.</summary>
    /// <param name="lanes">Vector length to work with: 16, 8, 4 or 1.</param>
    /// <param name="source">bf16.</param>
    /// <param name="stride">Elements from one row to the next.</param>
    /// <param name="rows">Rows.</param>
    /// <param name="count">Elements of a row, at most <see cref="MaxColumns"/>.</param>
    /// <param name="destination">Where to write units.</param>
    /// <param name="step">Units from one pair to the next there.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Interleave(int lanes, ushort* source, nint stride, int rows, int count, uint* destination, nint step)
    {
        for (; rows > 1; rows -= 2, source += 2 * stride, destination += step)
        {
            ushort* odd = source + stride;
            int j = 0;
            for (; Vector512.IsHardwareAccelerated && lanes >= 16 && j + 16 <= count; j += 16)
            {
                Vector512<uint> lower = Vector512.WidenLower(Vector256.Load(source + j).ToVector512Unsafe());
                (lower | (Vector512.WidenLower(Vector256.Load(odd + j).ToVector512Unsafe()) << 16)).Store(destination + j);
            }

            for (; lanes >= 8 && j + 8 <= count; j += 8)
            {
                Vector256<uint> lower = Vector256.WidenLower(Vector128.Load(source + j).ToVector256Unsafe());
                (lower | (Vector256.WidenLower(Vector128.Load(odd + j).ToVector256Unsafe()) << 16)).Store(destination + j);
            }

            for (; j < count; j++)
            {
                destination[j] = source[j] | ((uint)odd[j] << 16);
            }
        }

        for (int j = 0; j < count && rows > 0; j++)
        {
            destination[j] = source[j];
        }
    }

    /// <summary>Rows side by side: <c>destination[p · step + i]</c> is pair p of row i; lanes without a row repeat the last.</summary>
    /// <param name="lanes">Vector length to work with: 16, 8, 4 or 1.</param>
    /// <param name="source">bf16.</param>
    /// <param name="stride">Elements from one row to the next.</param>
    /// <param name="rows">Rows, at most <paramref name="lanes"/>.</param>
    /// <param name="depth">Elements of a row; where it is odd, the last pair's upper half is 0.</param>
    /// <param name="destination">Where to write units.</param>
    /// <param name="step">Units from one pair to the next there.</param>
    public static void Transpose(int lanes, ushort* source, long stride, int rows, int depth, uint* destination, nint step)
    {
        int pairs = depth / 2;
        PanelTranspose.Run<SingleWidener>(lanes, (byte*)source, (nint)stride * sizeof(ushort), rows, pairs, (float*)destination, step);
        for (int i = 0; i < lanes && depth % 2 != 0; i++)
        {
            destination[(pairs * step) + i] = source[(Math.Min(i, rows - 1) * stride) + depth - 1];
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<uint> Round(Vector256<float> values) => RoundInPlace(values) >> 16;

    /// <summary>The bf16 in the upper half; the lower is undefined.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<uint> RoundInPlace(Vector256<float> values)
    {
        Vector256<uint> bits = values.AsUInt32();
        Vector256<uint> rounded = bits + Vector256.Create(RoundingBias) + ((bits >> 16) & Vector256<uint>.One);
        return Vector256.ConditionalSelect(Vector256.Equals(values, values).AsUInt32(), rounded, bits | Vector256.Create(QuietBit << 16));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<uint> RoundInPlace(Vector512<float> values)
    {
        Vector512<uint> bits = values.AsUInt32();
        Vector512<uint> rounded = bits + Vector512.Create(RoundingBias) + ((bits >> 16) & Vector512<uint>.One);
        return Vector512.ConditionalSelect(Vector512.Equals(values, values).AsUInt32(), rounded, bits | Vector512.Create(QuietBit << 16));
    }
}
