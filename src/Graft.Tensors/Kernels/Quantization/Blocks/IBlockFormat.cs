using System.Runtime.Intrinsics;

namespace Graft.Tensors.Kernels;

/// <summary>The layout of one of ggml's block formats. Structs without fields implement it, so that the JIT specialises the loops around it.</summary>
internal unsafe interface IBlockFormat
{
    /// <summary>Elements of a block: a multiple of 32.</summary>
    static abstract int Elements { get; }

    /// <summary>Bytes of a block.</summary>
    static abstract int Bytes { get; }

    /// <summary>Elements 32 · <paramref name="group"/> to 32 · <paramref name="group"/> + 31 of a block: the reference.</summary>
    static abstract void Decode(byte* block, int group, float* destination);

    /// <summary>Whether <see cref="Decode32"/> is there.</summary>
    static virtual bool HasVectors => false;

    /// <summary>Whether <see cref="Encode"/> is there.</summary>
    static virtual bool CanEncode => false;

    /// <summary>What <see cref="Decode32"/> needs to know of a block and would compute for each group again: up to 16 numbers.</summary>
    static virtual void Prepare(byte* block, float* prepared)
    {
    }

    /// <summary>The elements of <see cref="Decode"/> with AVX2: the same bits.</summary>
    static virtual void Decode32(byte* block, int group, float* prepared, out Vector256<float> a, out Vector256<float> b, out Vector256<float> c, out Vector256<float> d)
        => throw new NotSupportedException();

    /// <summary>One block from its elements.</summary>
    static virtual void Encode(float* source, byte* block) => throw new NotSupportedException();
}
