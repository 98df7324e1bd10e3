using Graft.Tensors.Assembly;

namespace Graft.Tensors.Kernels;

/// <summary>Whether the processor multiplies bf16 faster than fp32.</summary>
public static class BFloat16Support
{
    /// <summary>Whether products in bf16 are computed by <c>vdpbf16ps</c>.</summary>
    public static bool IsFast => AssembledKernels.BFloat16Dot;

    /// <summary>The same as a sentence.</summary>
    public static string Reason => IsFast ? "this CPU has AVX512_BF16"
        : CpuFeatures.Current.Avx512BFloat16 ? $"this CPU has AVX512_BF16, but the kernels for it are off ({(AssembledKernels.IsEnabled ? $"the instruction set in use is {InstructionSet.Current}" : "GRAFT_JIT=off")})"
        : "this CPU has no AVX512_BF16";
}
