using System.Runtime.Intrinsics;

namespace Graft.Tensors.Kernels;

/// <summary>A block format whose elements are <c>scale (q - offset) + minimum</c> with integers q: a row of integers can be multiplied with it without decoding.</summary>
internal unsafe interface IIntegerBlockFormat : IBlockFormat
{
    /// <summary>Consecutive elements with the same scale and minimum: 16 or 32.</summary>
    static abstract int RunElements { get; }

    /// <summary>What is subtracted from every q.</summary>
    static virtual int Offset => 0;

    /// <summary>
    /// Bits of the other factors' integers beyond 16: as many as leave the sum of a run's products within 32 bits, that is
    /// <c>RunElements · (largest |q - offset|, and largest q) · 32,767 · 2^LowBits &lt; 2^31</c>.
    /// </summary>
    static abstract int LowBits { get; }

    /// <summary>Whether there are minima; else they are zero.</summary>
    static virtual bool HasMinimum => false;

    /// <summary>The integers q of elements 32 · <paramref name="group"/> and following of a block: the reference. From -128 to 127.</summary>
    static abstract void Codes(byte* block, int group, short* codes);

    /// <summary>Scale and minimum of a run of a block: the reference.</summary>
    static abstract (float Scale, float Minimum) Scale(byte* block, int run);

    /// <summary>32 integers of <see cref="Codes"/> with AVX2.</summary>
    /// <param name="block">The block.</param>
    /// <param name="part">Which eight runs of a larger block.</param>
    /// <param name="group">Which 32 elements of those.</param>
    /// <param name="first">The first sixteen.</param>
    /// <param name="second">The others.</param>
    static abstract void Codes32(byte* block, int part, int group, out Vector256<short> first, out Vector256<short> second);

    /// <summary>Scales and minima of eight runs with AVX2: those of as many blocks, or of runs 8 · <paramref name="part"/> and following of a larger block.</summary>
    /// <param name="block">The first block.</param>
    /// <param name="part">Which eight runs of a larger block.</param>
    /// <param name="count">How many runs there are, 1 to 8; numbers of others are zero.</param>
    /// <param name="scales">Scales.</param>
    /// <param name="minima">Minima.</param>
    static abstract void Scales8(byte* block, int part, int count, out Vector256<float> scales, out Vector256<float> minima);
}
