using System.Runtime.Intrinsics.X86;

namespace Graft.Tensors.Kernels;

/// <summary>Whether the processor multiplies bf16 faster than fp32.</summary>
public static class BFloat16Support
{
    private const int FeatureLeaf = 7;
    private const int FeatureSubleaf = 1;
    private const int Avx512BFloat16Bit = 1 << 5;

    /// <summary>Whether it has AVX512_BF16 and the kernels in use are those for AVX-512.</summary>
    public static bool IsFast => HasAvx512BFloat16 && InstructionSet.Current == Isa.Avx512;

    /// <summary>The same as a sentence.</summary>
    public static string Reason => IsFast ? "this CPU has AVX512_BF16"
        : HasAvx512BFloat16 ? $"this CPU has AVX512_BF16, but the kernels in use are those for {InstructionSet.Current}"
        : "this CPU has no AVX512_BF16";

    // The operating system must have AVX-512's registers enabled, which Avx512F.IsSupported asks.
    private static bool HasAvx512BFloat16 { get; } =
        Avx512F.IsSupported && X86Base.CpuId(0, 0).Eax >= FeatureLeaf && X86Base.CpuId(FeatureLeaf, 0).Eax >= FeatureSubleaf
        && (X86Base.CpuId(FeatureLeaf, FeatureSubleaf).Eax & Avx512BFloat16Bit) != 0;
}
