using Iced.Intel;

namespace Graft.Tensors.Assembly;

/// <summary>bf16 products on CPUs with AVX512_BF16: C in fp32, pairs of k in one <c>vdpbf16ps</c>.</summary>
/// <remarks>
/// A unit is two neighbouring k, the even one in the lower half. In each lane the instruction adds the odd product, then the even
/// one, each by a fused multiply-add rounded to nearest even; subnormal inputs count as 0 and subnormal results become 0, whatever MXCSR says.
/// <see cref="Kernels.BFloat16Dot"/> is the same in plain C#. C is added to with an ordinary <c>vaddps</c>. Registers: <see cref="WideDotKernel"/>.
/// </remarks>
internal sealed class BFloat16DotKernel(TileShape shape, CallingConvention convention) : WideDotKernel(shape, convention)
{
    /// <inheritdoc/>
    public override string Name => "bf16-vdpbf16ps-zmm";

    /// <inheritdoc/>
    protected override void Dot(AssemblerRegisterZMM sum, AssemblerRegisterZMM a, AssemblerRegisterZMM b) => Code.vdpbf16ps(sum, a, b);

    /// <inheritdoc/>
    protected override void Add(AssemblerRegisterZMM sum, AssemblerMemoryOperand memory) => Code.vaddps(sum, sum, memory);
}
