using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Graft.Tensors.Kernels;

/// <summary>Sixteen elements as those with even numbers, then those with odd ones: how 16-bit weights widen cheapest in registers of eight lanes.</summary>
/// <remarks>A shift and a mask widen both halves of 32-bit units; keeping the order would take shuffles, of which AVX2 CPUs do few at a time.</remarks>
internal static unsafe class EvenOdd
{
    /// <summary>Elements that are split together.</summary>
    public const int Chunk = 16;

    /// <summary>Whether sums with elements of this format are kept split.</summary>
    /// <typeparam name="TSource">The storage format.</typeparam>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Splits<TSource>()
        where TSource : struct, IVectorSource
        => TSource.ElementBytes == sizeof(ushort);

    /// <summary>Where an element goes within its sixteen.</summary>
    /// <param name="index">Its place before, from 0 to 15.</param>
    public static int Place(int index) => ((index & 1) * (Chunk / 2)) + (index >> 1);

    /// <summary>Splits a row.</summary>
    /// <param name="from">The row.</param>
    /// <param name="to">Where to write it.</param>
    /// <param name="chunks">Its length in sixteens.</param>
    public static void Split(float* from, float* to, nint chunks)
    {
        for (; chunks > 0; chunks--, from += Chunk, to += Chunk)
        {
            Vector256<float> first = Vector256.Load(from);
            Vector256<float> second = Vector256.Load(from + 8);
            InOrder(Avx.Shuffle(first, second, 0b10_00_10_00)).Store(to);
            InOrder(Avx.Shuffle(first, second, 0b11_01_11_01)).Store(to + 8);
        }
    }

    // The shuffle works on halves of the registers: their quarters come in the order 0, 2, 1, 3.
    private static Vector256<float> InOrder(Vector256<float> shuffled) => Avx2.Permute4x64(shuffled.AsDouble(), 0b11_01_10_00).AsSingle();
}
