using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Graft.Tensors.Kernels;

/// <summary>Reads fp16 scales. The conversion of <see cref="Half"/> is a call, which would spill every vector register around it.</summary>
internal static unsafe class HalfBits
{
    private const uint Magnitude = 0x7FFF;
    private const uint Infinity = 0x7C00;
    private const uint SingleExponent = 0x7F800000;
    private const float BiasCorrection = 5.192296858534828e33f; // 2^112

    /// <summary>The number at an address; see <see cref="Float16Format"/> for how.</summary>
    /// <param name="address">Two bytes, of any alignment.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Read(byte* address)
    {
        uint bits = Unsafe.ReadUnaligned<ushort>(address);
        uint magnitude = bits & Magnitude;
        uint value = BitConverter.SingleToUInt32Bits(BitConverter.UInt32BitsToSingle(magnitude << 13) * BiasCorrection);
        value |= magnitude >= Infinity ? SingleExponent : 0;
        return BitConverter.UInt32BitsToSingle(value | ((bits & ~Magnitude) << 16));
    }

    /// <summary>The numbers at eight addresses with AVX2.</summary>
    /// <param name="address">The first.</param>
    /// <param name="stride">Bytes from one to the next.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Read8(byte* address, nint stride)
    {
        byte* middle = address + (4 * stride);
        ulong lower = Word(address) | (Word(address + stride) << 16) | (Word(address + (2 * stride)) << 32) | (Word(address + (3 * stride)) << 48);
        ulong upper = Word(middle) | (Word(middle + stride) << 16) | (Word(middle + (2 * stride)) << 32) | (Word(middle + (3 * stride)) << 48);
        return Float16Format.Lower(Avx2.ConvertToVector256Int32(Vector128.Create(lower, upper).AsUInt16()).AsUInt32());
    }

    /// <summary>As <see cref="Read8"/>, with fewer; the others are zero.</summary>
    /// <param name="address">The first.</param>
    /// <param name="stride">Bytes from one to the next.</param>
    /// <param name="count">How many there are, up to 8.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> ReadSome(byte* address, nint stride, int count)
    {
        if (count == 8)
        {
            return Read8(address, stride);
        }

        ulong lower = 0, upper = 0;
        for (int i = count - 1; i >= 0; i--)
        {
            upper = (upper << 16) | (lower >> 48);
            lower = (lower << 16) | Word(address + (i * stride));
        }

        return Float16Format.Lower(Avx2.ConvertToVector256Int32(Vector128.Create(lower, upper).AsUInt16()).AsUInt32());
    }

    private static ulong Word(byte* address) => *(ushort*)address;
}
