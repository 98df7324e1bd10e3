using System.Runtime.CompilerServices;

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
}
