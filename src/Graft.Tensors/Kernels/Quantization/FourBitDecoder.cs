using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Graft.Tensors.Kernels;

/// <summary>Turns 4-bit codes of one block into fp32.</summary>
/// <remarks>A block has one scale, so its 16 possible values are formed once, in two registers, and the codes pick from them.</remarks>
internal static unsafe class FourBitDecoder
{
    private const int Codes = 16;

    /// <summary>Elements whose bytes are picked together.</summary>
    private const int BytesAtOnce = 32;

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
        if (dtype == DType.BFloat16 || computeDType == DType.BFloat16)
        {
            int whole = (count - i) / BytesAtOnce * BytesAtOnce;
            ByBytes(packed + ((index + i) / 2), whole, lower, upper, destination + i);
            i += whole;
        }

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

    /// <summary>Values that bf16 holds: both of their bytes are picked by the codes, 32 at a time, and put together in the upper half of each element.</summary>
    /// <remarks>Shuffles, unpacking and the tables all work within the 128-bit halves: elements 0 to 15 are in the lower ones, 16 to 31 in the upper.</remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void ByBytes(byte* source, int count, Vector256<float> lower, Vector256<float> upper, float* destination)
    {
        // Sixteen 16-bit values in the order of their codes, then their lower and their upper bytes, in both halves.
        Vector256<ushort> table = Avx2.PackUnsignedSaturate((lower.AsUInt32() >> 16).AsInt32(), (upper.AsUInt32() >> 16).AsInt32());
        table = Avx2.Permute4x64(table.AsUInt64(), 0b11_01_10_00).AsUInt16();
        Vector128<byte> low = Sse2.PackUnsignedSaturate(LowBytes(table.GetLower()), LowBytes(table.GetUpper()));
        Vector128<byte> high = Sse2.PackUnsignedSaturate((table.GetLower() >> 8).AsInt16(), (table.GetUpper() >> 8).AsInt16());
        Vector256<byte> lowBytes = Vector256.Create(low, low);
        Vector256<byte> highBytes = Vector256.Create(high, high);
        Vector128<byte> mask = Vector128.Create((byte)15);
        for (; count > 0; count -= BytesAtOnce, source += BytesAtOnce / 2, destination += BytesAtOnce)
        {
            // The upper half of a byte is the earlier element.
            Vector128<byte> codes = Vector128.Load(source);
            Vector128<byte> even = (codes.AsUInt16() >> 4).AsByte() & mask;
            Vector128<byte> odd = codes & mask;
            Vector256<byte> inOrder = Vector256.Create(Sse2.UnpackLow(even, odd), Sse2.UnpackHigh(even, odd));
            Vector256<byte> first = Avx2.Shuffle(lowBytes, inOrder);
            Vector256<byte> second = Avx2.Shuffle(highBytes, inOrder);
            Vector256<ushort> early = Avx2.UnpackLow(first, second).AsUInt16();
            Vector256<ushort> late = Avx2.UnpackHigh(first, second).AsUInt16();
            Store(Avx2.UnpackLow(Vector256<ushort>.Zero, early), destination);
            Store(Avx2.UnpackHigh(Vector256<ushort>.Zero, early), destination + 4);
            Store(Avx2.UnpackLow(Vector256<ushort>.Zero, late), destination + 8);
            Store(Avx2.UnpackHigh(Vector256<ushort>.Zero, late), destination + 12);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<short> LowBytes(Vector128<ushort> values) => (values & Vector128.Create((ushort)0xFF)).AsInt16();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(Vector256<ushort> values, float* destination)
    {
        values.GetLower().AsSingle().Store(destination);
        values.GetUpper().AsSingle().Store(destination + (BytesAtOnce / 2));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Code(byte* packed, long index) => (packed[index / 2] >> (index % 2 == 0 ? 4 : 0)) & 15;
}
