using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace Graft.Tensors.Assembly;

/// <summary>Tiles of 512-bit dot products: up to 14 rows by 32 columns, in 28 of the 32 registers.</summary>
/// <remarks>
/// <code>
/// order       zmm16 ... zmm31, zmm0 ... zmm15: those that Windows wants back come last
/// sums        the first rows x vectors of them: row i, vector j is number i * vectors + j
/// B           the next ones, a vector each
/// A           the next one: a unit of one row in all lanes
/// k1          columns of the last vector that are there
/// </code>
/// A group of k takes 2 loads of B, 14 broadcasts and 28 dot products: the products are the bound on every CPU that has them.
/// 28 chains outlast the latency of the instruction twice over.
/// </remarks>
internal abstract class WideDotKernel(TileShape shape, CallingConvention convention) : VectorTileKernel(shape, convention)
{
    /// <summary>Rows of the largest tile.</summary>
    public const int MaxRows = 14;

    /// <summary>Vectors of the widest tile.</summary>
    public const int MaxVectors = 2;

    private static readonly AssemblerRegisterZMM[] Order =
    [
        zmm16, zmm17, zmm18, zmm19, zmm20, zmm21, zmm22, zmm23, zmm24, zmm25, zmm26, zmm27, zmm28, zmm29, zmm30, zmm31,
        zmm0, zmm1, zmm2, zmm3, zmm4, zmm5, zmm6, zmm7, zmm8, zmm9, zmm10, zmm11, zmm12, zmm13, zmm14, zmm15,
    ];

    /// <inheritdoc/>
    public override int PackedRows => 16;

    /// <inheritdoc/>
    public override int Lanes => 16;

    /// <inheritdoc/>
    protected override int LowRegisters => Math.Max(0, Sums + Shape.Vectors + 1 - 16);

    private int Sums => Shape.Rows * Shape.Vectors;

    private AssemblerRegisterZMM A => Order[Sums + Shape.Vectors];

    /// <summary><c>sum += a · b</c> in each lane.</summary>
    protected abstract void Dot(AssemblerRegisterZMM sum, AssemblerRegisterZMM a, AssemblerRegisterZMM b);

    /// <summary><c>sum += memory</c>; lanes that a mask leaves out need no memory, and keep their sums.</summary>
    protected abstract void Add(AssemblerRegisterZMM sum, AssemblerMemoryOperand memory);

    /// <summary>What sums begin with where C is overwritten, if not 0.</summary>
    /// <param name="column">A vector of columns.</param>
    /// <param name="sums">Its sums, row by row.</param>
    protected virtual void Start(int column, IEnumerable<AssemblerRegisterZMM> sums)
    {
    }

    /// <inheritdoc/>
    protected sealed override void Begin()
    {
        if (Shape.IsMasked)
        {
            Code.mov(r10, Argument(TileArguments.Offset.ColumnBits));
            Code.kmovw(k1, r10d);
        }
    }

    /// <inheritdoc/>
    protected sealed override void Clear()
    {
        for (int i = 0; i < Sums; i++)
        {
            Code.vpxord(Order[i], Order[i], Order[i]);
        }
    }

    /// <inheritdoc/>
    protected sealed override void Step(int index)
    {
        for (int j = 0; j < Shape.Vectors; j++)
        {
            Code.vmovdqu32(B(j), __zmmword_ptr[rdx + (((index * Shape.Vectors) + j) * VectorSize)]);
        }

        for (int i = 0; i < Shape.Rows; i++)
        {
            Code.vpbroadcastd(A, __dword_ptr[rcx + (((index * PackedRows) + i) * UnitBytes)]);
            for (int j = 0; j < Shape.Vectors; j++)
            {
                Dot(Sum(i, j), A, B(j));
            }
        }
    }

    /// <inheritdoc/>
    protected sealed override void Update() => Choose(
        add: () =>
        {
            for (int i = 0; i < Shape.Rows; i++)
            {
                for (int j = 0; j < Shape.Vectors; j++)
                {
                    Add(IsMasked(j) ? Sum(i, j).k1 : Sum(i, j), __zmmword_ptr[r10 + (j * VectorSize)]);
                }

                Code.add(r10, r9);
            }
        },
        start: () =>
        {
            for (int j = 0; j < Shape.Vectors; j++)
            {
                int column = j;
                Start(column, Enumerable.Range(0, Shape.Rows).Select(i => Sum(i, column)));
            }
        },
        store: () =>
        {
            for (int i = 0; i < Shape.Rows; i++)
            {
                for (int j = 0; j < Shape.Vectors; j++)
                {
                    AssemblerMemoryOperand memory = __zmmword_ptr[r8 + (j * VectorSize)];
                    Code.vmovups(IsMasked(j) ? memory.k1 : memory, Sum(i, j));
                }

                Code.add(r8, r9);
            }
        });

    private bool IsMasked(int column) => Shape.IsMasked && column == Shape.Vectors - 1;

    private AssemblerRegisterZMM Sum(int row, int column) => Order[(row * Shape.Vectors) + column];

    private AssemblerRegisterZMM B(int column) => Order[Sums + column];
}
