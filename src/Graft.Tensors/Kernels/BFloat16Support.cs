using Graft.Tensors.Assembly;

namespace Graft.Tensors.Kernels;

/// <summary>Whether bf16 products are faster than fp32's here.</summary>
public static class BFloat16Support
{
    /// <summary>Whether the processor multiplies bf16 with <c>vdpbf16ps</c>, or by tiles with <c>tdpbf16ps</c>, and the kernels may use it.</summary>
    public static bool IsFast => AssembledKernels.BFloat16Dot || AssembledKernels.BFloat16Amx;

    /// <summary>The same as a sentence.</summary>
    public static string Reason => AssembledKernels.BFloat16Amx ? "this CPU has AMX_BF16, and GRAFT_ISA=amx asks for it"
        : IsFast ? "this CPU has AVX512_BF16"
        : !CpuFeatures.Current.Avx512BFloat16 ? "this CPU has no AVX512_BF16"
        : !AssembledKernels.IsEnabled ? "this CPU has AVX512_BF16, but no kernels are assembled here"
        : $"this CPU has AVX512_BF16, but the kernels in use are those for {InstructionSet.Current}";
}
