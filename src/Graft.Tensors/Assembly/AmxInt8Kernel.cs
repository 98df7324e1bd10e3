using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace Graft.Tensors.Assembly;

/// <summary>8-bit products on CPUs with AMX_INT8: sums in 32 bits, 64 k of 16 rows and 16 columns in one <c>tdpbusd</c>.</summary>
/// <remarks>
/// As <see cref="Int8DotKernel"/>: A's codes come with 128 added, sums start from what takes that back and wrap around on the way; the result is
/// exact. A load with a stride of 0 gives each row of a tile the same start. Registers: <see cref="AmxTileKernel"/>.
/// </remarks>
internal sealed class AmxInt8Kernel(TileShape shape, CallingConvention convention) : AmxTileKernel(shape, convention)
{
    /// <inheritdoc/>
    public override string Name => "int8-tdpbusd-tmm";

    /// <inheritdoc/>
    protected override void Dot(AssemblerRegisterTMM sum, AssemblerRegisterTMM a, AssemblerRegisterTMM b) => Code.tdpbusd(sum, a, b);

    /// <inheritdoc/>
    protected override void Start(int column, AssemblerRegisterTMM sum)
    {
        Code.mov(r10, Argument(TileArguments.Offset.Start));
        Code.tileloadd(sum, __[r10 + (column * VectorSize)]);
    }
}
