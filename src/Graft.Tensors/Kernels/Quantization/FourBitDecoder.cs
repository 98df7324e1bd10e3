using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Graft.Tensors.Kernels;

/// <summary>Turns 4-bit codes of one block into fp32.</summary>
/// <remarks>A block has one scale, so its 16 possible values are formed once, in two registers, and the codes pick from them.</remarks>
internal static unsafe class FourBitDecoder
{
    private const int Codes = 16;

    /// <summary>The reference.</summary>
    /// <param name="packed">The codes of the whole matrix.</param>
    /// <param name="index">First element.</param>
    /// <param name="count">Elements, all in one block.</param>
    /// <param name="table">Values of the 16 codes.</param>
    /// <param name="scale">The block's scale.</param>
    /// <param name="dtype">What values are rounded to.</param>
    /// <param name="computeDType">What they are rounded to then.</param>
    /// <param name="destination">Where to write them.</param>
    public static void DecodeScalar(byte* packed, long index, int count, float* table, float scale, DType dtype, DType computeDType, float* destination)
    {
        for (int i = 0; i < count; i++)
        {
            destination[i] = RoundedTo.Apply(RoundedTo.Apply(table[Code(packed, index + i)] * scale, dtype), computeDType);
        }
    }

    /// <summary>The same with AVX2.</summary>
    /// <inheritdoc cref="DecodeScalar"/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void DecodeAvx2(byte* packed, long index, int count, float* table, float scale, DType dtype, DType computeDType, float* destination)
    {
        int i = 0;
        for (; i < count && (index + i) % 2 != 0; i++)
        {
            destination[i] = RoundedTo.Apply(RoundedTo.Apply(table[Code(packed, index + i)] * scale, dtype), computeDType);
        }

        Vector256<float> factor = Vector256.Create(scale);
        Vector256<float> lower = RoundedTo.Apply(RoundedTo.Apply(Vector256.Load(table) * factor, dtype), computeDType);
        Vector256<float> upper = RoundedTo.Apply(RoundedTo.Apply(Vector256.Load(table + 8) * factor, dtype), computeDType);
        Vector256<uint> shifts = Vector256.Create(4u, 0, 12, 8, 20, 16, 28, 24);
        byte* source = packed + ((index + i) / 2);
        for (; i + 8 <= count; i += 8, source += 4)
        {
            // The permutation looks at three bits of a code; the fourth, moved to the sign, chooses between the registers.
            Vector256<int> codes = Avx2.ShiftRightLogicalVariable(Vector256.Create(*(uint*)source), shifts).AsInt32();
            Vector256<float> low = Avx2.PermuteVar8x32(lower, codes);
            Vector256<float> high = Avx2.PermuteVar8x32(upper, codes);
            Avx.BlendVariable(low, high, (codes << 28).AsSingle()).Store(destination + i);
        }

        if (i < count)
        {
            float* values = stackalloc float[Codes];
            lower.Store(values);
            upper.Store(values + 8);
            for (; i < count; i++)
            {
                destination[i] = values[Code(packed, index + i)];
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Code(byte* packed, long index) => (packed[index / 2] >> (index % 2 == 0 ? 4 : 0)) & 15;
}
