using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Graft.Tensors.Kernels;

/// <summary>Eight partial sums of a dot product to one: the upper half onto the lower, and again.</summary>
internal static unsafe class PartialSums
{
    /// <summary>Folds those of eight dot products at once.</summary>
    /// <param name="sums">[8, 8]; the dot products come to the front.</param>
    public static void FoldEight(float* sums)
    {
        Vector256<float> first = Four(sums), second = Four(sums + 16);
        Avx.Add(Avx.Shuffle(first, second, 0b10_00_10_00), Avx.Shuffle(first, second, 0b11_01_11_01)).Store(sums);
    }

    /// <summary>Two sums of a row and of the next, in the upper half those of the rows four behind.</summary>
    private static Vector256<float> Four(float* sums)
    {
        Vector256<double> first = Halves(sums).AsDouble(), second = Halves(sums + 8).AsDouble();
        return Avx.UnpackLow(first, second).AsSingle() + Avx.UnpackHigh(first, second).AsSingle();
    }

    /// <summary>Four sums of a row, in the upper half those of the row four behind.</summary>
    private static Vector256<float> Halves(float* sums)
    {
        Vector256<float> row = Vector256.Load(sums), other = Vector256.Load(sums + 32);
        return Avx.Permute2x128(row, other, 0x20) + Avx.Permute2x128(row, other, 0x31);
    }
}
