using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace Graft.Tensors.Assembly;

/// <summary>bf16 products on CPUs without AVX512_BF16: the same bits as <see cref="BFloat16DotKernel"/>, with AVX2 and FMA.</summary>
/// <remarks>
/// A bf16 is the upper half of an fp32: a mask widens the odd element of a unit, a shift the even one. All odd products of a group are added
/// first, then all even ones, by fused multiply-adds while MXCSR says what <c>vdpbf16ps</c> always does: nearest even, subnormals are 0. The caller's MXCSR
/// is back before C is added to. Registers: <see cref="NarrowTileKernel"/>, with the mask of the upper halves in ymm15.
/// </remarks>
internal sealed class BFloat16FmaKernel(TileShape shape, CallingConvention convention) : NarrowTileKernel(shape, convention)
{
    /// <summary>All exceptions masked, nearest even, flush to zero (bit 15), denormals are zeros (bit 6).</summary>
    private const int FlushingState = 0x9FC0;

    private const int HalfBits = 16;

    /// <inheritdoc/>
    public override string Name => "bf16-fma-ymm";

    /// <inheritdoc/>
    protected override void Begin()
    {
        Code.stmxcsr(__dword_ptr[rsp]);
        Code.mov(__dword_ptr[rsp + 4], FlushingState);
    }

    /// <inheritdoc/>
    protected override void Clear()
    {
        base.Clear();
        Code.ldmxcsr(__dword_ptr[rsp + 4]);
        Code.vpcmpeqd(Free, Free, Free);
        Code.vpslld(Free, Free, HalfBits);
    }

    /// <inheritdoc/>
    protected override void Step(int index)
    {
        for (int j = 0; j < Shape.Vectors; j++)
        {
            Code.vpand(B(j), Free, UnitsOfB(index, j));
        }

        for (int i = 0; i < Shape.Rows; i++)
        {
            Code.vpbroadcastd(A, UnitOfA(index, i));
            Code.vpand(A, A, Free);
            Multiply(i);
        }

        for (int j = 0; j < Shape.Vectors; j++)
        {
            Code.vmovdqu(B(j), UnitsOfB(index, j));
            Code.vpslld(B(j), B(j), HalfBits);
        }

        for (int i = 0; i < Shape.Rows; i++)
        {
            Code.vpbroadcastd(A, UnitOfA(index, i));
            Code.vpslld(A, A, HalfBits);
            Multiply(i);
        }
    }

    /// <inheritdoc/>
    protected override void Update()
    {
        Code.ldmxcsr(__dword_ptr[rsp]);
        base.Update();
    }

    /// <inheritdoc/>
    protected override void Add(AssemblerRegisterYMM sum, AssemblerRegisterYMM other) => Code.vaddps(sum, sum, other);

    private void Multiply(int row)
    {
        for (int j = 0; j < Shape.Vectors; j++)
        {
            Code.vfmadd231ps(Sum(row, j), A, B(j));
        }
    }

    private AssemblerMemoryOperand UnitsOfB(int index, int column) => __ymmword_ptr[rdx + (((index * Shape.Vectors) + column) * VectorSize)];

    private AssemblerMemoryOperand UnitOfA(int index, int row) => __dword_ptr[rcx + (((index * PackedRows) + row) * UnitBytes)];
}
