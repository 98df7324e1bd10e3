using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace Graft.Tensors.Assembly;

/// <summary>8-bit products on CPUs with AVX-VNNI, without 512-bit vectors: <c>vpdpbusd</c> in its VEX form.</summary>
/// <remarks>As <see cref="Int8DotKernel"/>: A's codes come with 128 added, sums start from what takes that back. Registers: <see cref="NarrowTileKernel"/>.</remarks>
internal sealed class Int8VexKernel(TileShape shape, CallingConvention convention) : NarrowTileKernel(shape, convention)
{
    /// <inheritdoc/>
    public override string Name => "int8-vpdpbusd-ymm";

    /// <inheritdoc/>
    protected override void Step(int index)
    {
        for (int j = 0; j < Shape.Vectors; j++)
        {
            Code.vmovdqu(B(j), __ymmword_ptr[rdx + (((index * Shape.Vectors) + j) * VectorSize)]);
        }

        for (int i = 0; i < Shape.Rows; i++)
        {
            Code.vpbroadcastd(A, __dword_ptr[rcx + (((index * PackedRows) + i) * UnitBytes)]);
            for (int j = 0; j < Shape.Vectors; j++)
            {
                Code.vex.vpdpbusd(Sum(i, j), A, B(j));
            }
        }
    }

    /// <inheritdoc/>
    protected override void Add(AssemblerRegisterYMM sum, AssemblerRegisterYMM other) => Code.vpaddd(sum, sum, other);

    /// <inheritdoc/>
    protected override void Start()
    {
        Code.mov(r10, Argument(TileArguments.Offset.Start));
        for (int j = 0; j < Shape.Vectors; j++)
        {
            Code.vmovdqu(A, __ymmword_ptr[r10 + (j * VectorSize)]);
            for (int i = 0; i < Shape.Rows; i++)
            {
                Code.vpaddd(Sum(i, j), Sum(i, j), A);
            }
        }
    }
}
