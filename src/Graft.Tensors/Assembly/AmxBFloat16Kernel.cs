using Iced.Intel;

namespace Graft.Tensors.Assembly;

/// <summary>bf16 products on CPUs with AMX_BF16: C in fp32, 32 k of 16 rows and 16 columns in one <c>tdpbf16ps</c>.</summary>
/// <remarks>
/// A unit is two neighbouring k, the even one in the lower half. For each row and column the instruction sums the even and the odd products apart,
/// adds the two sums, and that to C: <see cref="Kernels.BFloat16TileDot"/> is the same in plain C#, and other bits than
/// <see cref="BFloat16DotKernel"/>'s. Registers: <see cref="AmxTileKernel"/>.
/// </remarks>
internal sealed class AmxBFloat16Kernel(TileShape shape, CallingConvention convention) : AmxTileKernel(shape, convention)
{
    /// <inheritdoc/>
    public override string Name => "bf16-tdpbf16ps-tmm";

    /// <inheritdoc/>
    protected override void Dot(AssemblerRegisterTMM sum, AssemblerRegisterTMM a, AssemblerRegisterTMM b) => Code.tdpbf16ps(sum, a, b);

    /// <inheritdoc/>
    protected override void Start(int column, AssemblerRegisterTMM sum) => Code.tilezero(sum);
}
