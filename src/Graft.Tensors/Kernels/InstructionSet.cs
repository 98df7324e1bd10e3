using System.Runtime.Intrinsics.X86;

namespace Graft.Tensors.Kernels;

/// <summary>Instruction sets that kernels are written for.</summary>
public enum Isa
{
    /// <summary>Plain C#: the reference that defines the result.</summary>
    Scalar,

    /// <summary>128-bit vectors: ARM NEON, WebAssembly, old x86.</summary>
    Vector128,

    /// <summary>256-bit vectors with fused multiply-add.</summary>
    Avx2,

    /// <summary>512-bit vectors.</summary>
    Avx512,
}

/// <summary>Chooses the instruction set of all kernels: the best that the CPU has, or what GRAFT_ISA says.</summary>
/// <remarks>
/// <c>Avx512F.IsSupported</c> decides and not <c>Vector512.IsHardwareAccelerated</c>, which is false on CPUs that the
/// runtime believes to throttle; the matrix products are faster with 512 bits there too.
/// </remarks>
public static class InstructionSet
{
    private const string Switch = "GRAFT_ISA";

    private static Isa? _current;

    /// <summary>The best set that this CPU has.</summary>
    public static Isa Best { get; } =
        Avx512F.IsSupported && Avx512BW.IsSupported && Avx512DQ.IsSupported ? Isa.Avx512
        : Avx2.IsSupported && Fma.IsSupported ? Isa.Avx2
        : System.Runtime.Intrinsics.Vector128.IsHardwareAccelerated ? Isa.Vector128
        : Isa.Scalar;

    /// <summary>The set in use.</summary>
    /// <exception cref="ArgumentException">Set to one that this CPU lacks; or GRAFT_ISA, which is read at first use, names none or one that this CPU lacks.</exception>
    public static Isa Current
    {
        get => _current ??= Parse(Environment.GetEnvironmentVariable(Switch));
        set => _current = value <= Best ? value : throw new ArgumentException($"this CPU has no {value}; its best is {Best}");
    }

    /// <summary>What GRAFT_ISA says.</summary>
    internal static Isa Parse(string? name)
    {
        Isa isa = name?.ToUpperInvariant() switch
        {
            null or "" => Best,
            "SCALAR" => Isa.Scalar,
            "VECTOR128" => Isa.Vector128,
            "AVX2" => Isa.Avx2,
            "AVX512" => Isa.Avx512,
            _ => throw new ArgumentException($"{Switch}={name}: known are scalar, vector128, avx2 and avx512; unset it to use the best that this CPU has, {Best}"),
        };
        return isa <= Best ? isa : throw new ArgumentException($"{Switch}={name}: this CPU's best is {Best}; unset it, or name that or less");
    }
}
