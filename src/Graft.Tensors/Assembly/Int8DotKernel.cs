using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace Graft.Tensors.Assembly;

/// <summary>8-bit products on CPUs with AVX512_VNNI: sums in 32 bits, four k in one <c>vpdpbusd</c>.</summary>
/// <remarks>
/// A unit is four neighbouring k. The instruction multiplies unsigned with signed bytes and adds the four products without saturation,
/// so A's codes come with 128 added, and the sum of column j starts from <c>-128 · (sum of B's codes in it)</c>: the result is exact. Registers: <see cref="WideDotKernel"/>.
/// </remarks>
internal sealed class Int8DotKernel(TileShape shape, CallingConvention convention) : WideDotKernel(shape, convention)
{
    /// <inheritdoc/>
    public override string Name => "int8-vpdpbusd-zmm";

    /// <inheritdoc/>
    protected override void Dot(AssemblerRegisterZMM sum, AssemblerRegisterZMM a, AssemblerRegisterZMM b) => Code.vpdpbusd(sum, a, b);

    /// <inheritdoc/>
    protected override void Add(AssemblerRegisterZMM sum, AssemblerMemoryOperand memory) => Code.vpaddd(sum, sum, memory);

    /// <inheritdoc/>
    protected override void Start(int column, IEnumerable<AssemblerRegisterZMM> sums)
    {
        Code.mov(r10, Argument(TileArguments.Offset.Start));
        foreach (AssemblerRegisterZMM sum in sums)
        {
            Code.vpaddd(sum, sum, __zmmword_ptr[r10 + (column * VectorSize)]);
        }
    }
}
