namespace Graft.Tensors.Kernels;

/// <summary>What the attention kernels need of a vector register, so that each is written once for all widths.</summary>
/// <remarks>Implemented by empty structs: the JIT compiles a kernel anew for each of them, and every call becomes one instruction.</remarks>
/// <typeparam name="TVector">The register: <c>Vector128&lt;float&gt;</c>, <c>Vector256&lt;float&gt;</c> or <c>Vector512&lt;float&gt;</c>.</typeparam>
internal unsafe interface IVectorLanes<TVector>
    where TVector : struct
{
    /// <summary>Floats in a register.</summary>
    static abstract int Count { get; }

    /// <summary>Whether there are 32 registers, so that 16 accumulators leave room for operands.</summary>
    static abstract bool ManyRegisters { get; }

    static abstract TVector Load(float* source);

    static abstract void Store(TVector value, float* target);

    static abstract TVector Broadcast(float value);

    static abstract TVector Add(TVector a, TVector b);

    static abstract TVector Subtract(TVector a, TVector b);

    static abstract TVector Multiply(TVector a, TVector b);

    static abstract TVector Divide(TVector a, TVector b);

    /// <summary><c>a * b + c</c>.</summary>
    static abstract TVector MultiplyAdd(TVector a, TVector b, TVector c);

    /// <summary>The larger; <paramref name="b"/> when it is NaN.</summary>
    static abstract TVector Maximum(TVector a, TVector b);

    /// <summary>The smaller; <paramref name="b"/> when it is NaN.</summary>
    static abstract TVector Minimum(TVector a, TVector b);

    /// <summary><c>2^n</c> where n are the lowest bits of <paramref name="shifted"/>, taken as integers; n = -127 gives 0.</summary>
    static abstract TVector PowerOfTwo(TVector shifted);

    /// <summary><paramref name="value"/> in the lanes where <c>first &lt;= key &lt; end</c>, else <paramref name="otherwise"/>.</summary>
    static abstract TVector Within(TVector first, TVector key, TVector end, TVector value, TVector otherwise);

    /// <summary>Sum of all lanes, in a fixed order.</summary>
    static abstract float Sum(TVector value);
}
