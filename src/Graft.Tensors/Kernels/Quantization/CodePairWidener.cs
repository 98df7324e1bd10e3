using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Graft.Tensors.Kernels;

/// <summary>Units of four signed bytes as two columns of pairs; a pair is two 16-bit numbers in the place of one fp32.</summary>
internal unsafe struct CodePairWidener : IColumnWidener
{
    private const byte Zero = 0x80;

    /// <inheritdoc/>
    public static int ColumnsPerUnit => 2;

    /// <inheritdoc/>
    public static float Widen(byte* row, int index)
    {
        var codes = (sbyte*)row + (2 * index);
        return BitConverter.Int32BitsToSingle((codes[1] * 0x10000) + (codes[0] & 0xFFFF));
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Vector512<uint> units, float* destination, nint step)
    {
        Store(units.GetLower(), destination, step);
        Store(units.GetUpper(), destination + 8, step);
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Vector256<uint> units, float* destination, nint step)
    {
        Store(units.GetLower(), destination, step);
        Store(units.GetUpper(), destination + 4, step);
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Vector128<uint> units, float* destination, nint step)
    {
        // Each byte goes to the upper half of a 16-bit number; the shift brings it down with its sign.
        Vector128<byte> first = Vector128.Shuffle(units.AsByte(), Vector128.Create(Zero, 0, Zero, 1, Zero, 4, Zero, 5, Zero, 8, Zero, 9, Zero, 12, Zero, 13));
        Vector128<byte> second = Vector128.Shuffle(units.AsByte(), Vector128.Create(Zero, 2, Zero, 3, Zero, 6, Zero, 7, Zero, 10, Zero, 11, Zero, 14, Zero, 15));
        (first.AsInt16() >> 8).AsSingle().Store(destination);
        (second.AsInt16() >> 8).AsSingle().Store(destination + step);
    }
}
