using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Graft.Tensors.Kernels;

/// <summary>The largest magnitude of a stretch of numbers.</summary>
internal static unsafe class BlockMaximum
{
    private const int Magnitude = 0x7FFFFFFF;

    /// <summary>Finds it by the bits, whose order is that of the magnitudes with infinity and NaN on top.</summary>
    /// <param name="values">The numbers.</param>
    /// <param name="count">How many.</param>
    /// <returns>The largest magnitude; NaN or infinity where one is among them.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static float Of(float* values, int count)
    {
        int largest = 0;
        int i = 0;
        if (count >= 8 && Vector256.IsHardwareAccelerated)
        {
            Vector256<int> mask = Vector256.Create(Magnitude);
            Vector256<int> first = Vector256<int>.Zero, second = Vector256<int>.Zero;
            for (; i + 16 <= count; i += 16)
            {
                first = Vector256.Max(first, Vector256.Load((int*)values + i) & mask);
                second = Vector256.Max(second, Vector256.Load((int*)values + i + 8) & mask);
            }

            first = Vector256.Max(first, second);
            for (int lane = 0; lane < 8; lane++)
            {
                largest = Math.Max(largest, first[lane]);
            }
        }

        for (; i < count; i++)
        {
            largest = Math.Max(largest, ((int*)values)[i] & Magnitude);
        }

        return BitConverter.Int32BitsToSingle(largest);
    }
}
