using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Graft.Tensors.Kernels;

/// <summary>Copies and adds rows of a few elements, where a call to a general copy would cost more than the work.</summary>
internal static unsafe class ShortRow
{
    /// <summary>Copies rows of up to 32 elements; the pieces of a row overlap, so that no row needs a loop.</summary>
    /// <param name="source">First row.</param>
    /// <param name="sourceStep">Elements from one row to the next.</param>
    /// <param name="count">Elements in a row, 1 to 32.</param>
    /// <param name="rows">Rows.</param>
    /// <param name="destination">Where to write them.</param>
    /// <param name="destinationStep">Elements from one row to the next there.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Copy(float* source, nint sourceStep, int count, int rows, float* destination, nint destinationStep)
    {
        int last = count - 8;
        if (count > 16)
        {
            int middle = Math.Min(8, last);
            int third = Math.Max(last - 8, 0);
            for (; rows > 0; rows--, source += sourceStep, destination += destinationStep)
            {
                Vector256<float> a = Vector256.Load(source), b = Vector256.Load(source + middle);
                Vector256<float> c = Vector256.Load(source + third), d = Vector256.Load(source + last);
                a.Store(destination);
                b.Store(destination + middle);
                c.Store(destination + third);
                d.Store(destination + last);
            }
        }
        else if (count >= 8)
        {
            for (; rows > 0; rows--, source += sourceStep, destination += destinationStep)
            {
                Vector256<float> a = Vector256.Load(source), b = Vector256.Load(source + last);
                a.Store(destination);
                b.Store(destination + last);
            }
        }
        else if (count >= 4)
        {
            for (; rows > 0; rows--, source += sourceStep, destination += destinationStep)
            {
                Vector128<float> a = Vector128.Load(source), b = Vector128.Load(source + count - 4);
                a.Store(destination);
                b.Store(destination + count - 4);
            }
        }
        else
        {
            for (; rows > 0; rows--, source += sourceStep, destination += destinationStep)
            {
                for (int i = 0; i < count; i++)
                {
                    destination[i] = source[i];
                }
            }
        }
    }

    /// <summary>Adds rows to rows.</summary>
    /// <param name="source">First row of what is added.</param>
    /// <param name="sourceStep">Elements from one row to the next.</param>
    /// <param name="count">Elements in a row.</param>
    /// <param name="rows">Rows.</param>
    /// <param name="destination">First row of what it is added to.</param>
    /// <param name="destinationStep">Elements from one row to the next there.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Add(float* source, nint sourceStep, int count, int rows, float* destination, nint destinationStep)
    {
        for (; rows > 0; rows--, source += sourceStep, destination += destinationStep)
        {
            int i = 0;
            for (; i + 8 <= count; i += 8)
            {
                (Vector256.Load(destination + i) + Vector256.Load(source + i)).Store(destination + i);
            }

            for (; i < count; i++)
            {
                destination[i] += source[i];
            }
        }
    }
}
