using System.Runtime.Intrinsics.X86;
using Graft.Tensors.Assembly;

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
/// <para>
/// GRAFT_ISA=amx is AVX-512 with bf16 and 8-bit products by tile registers, on CPUs that have both. It has to be asked for: those kernels have been proved on an
/// emulated CPU only, and bf16 products have other bits by them.
/// </para>
/// </remarks>
public static class InstructionSet
{
    private const string Switch = "GRAFT_ISA";

    private const string Amx = "AMX";

    private static Isa? _current;
    private static bool? _asksForAmx;

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

    /// <summary>Whether products may use tile registers: GRAFT_ISA=amx says so, and the set in use is the best.</summary>
    internal static bool AllowsAmx
    {
        get => Current == Isa.Avx512 && (_asksForAmx ??= AsksForAmx(Environment.GetEnvironmentVariable(Switch)));
        set => _asksForAmx = value;
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
            Amx when CpuFeatures.Current is { AmxBFloat16: false, AmxInt8: false } => throw new ArgumentException(
                $"{Switch}={name}: this CPU has no AMX, or the system hides it; unset it to use the best that is here, {Best}"),
            Amx => Isa.Avx512,
            _ => throw new ArgumentException($"{Switch}={name}: known are scalar, vector128, avx2, avx512 and amx; unset it to use the best that this CPU has, {Best}"),
        };
        return isa <= Best ? isa : throw new ArgumentException($"{Switch}={name}: this CPU's best is {Best}; unset it, or name that or less");
    }

    private static bool AsksForAmx(string? name) => string.Equals(name, Amx, StringComparison.OrdinalIgnoreCase);
}
