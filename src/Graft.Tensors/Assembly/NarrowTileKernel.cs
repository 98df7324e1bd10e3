using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace Graft.Tensors.Assembly;

/// <summary>Tiles of 256-bit vectors: up to 6 rows by 16 columns, in 12 of the 16 registers.</summary>
/// <remarks>
/// <code>
/// sums        ymm0 ... ymm11: row i, vector j is number i * vectors + j
/// B           ymm12, ymm13, a vector each
/// A           ymm14: a unit of one row in all lanes
/// ymm15       free for the kernel; after the loop the mask of the last vector
/// </code>
/// </remarks>
internal abstract class NarrowTileKernel(TileShape shape, CallingConvention convention) : VectorTileKernel(shape, convention)
{
    /// <summary>Rows of the largest tile.</summary>
    public const int MaxRows = 6;

    /// <summary>Vectors of the widest tile.</summary>
    public const int MaxVectors = 2;

    private static readonly AssemblerRegisterYMM[] Registers = [ymm0, ymm1, ymm2, ymm3, ymm4, ymm5, ymm6, ymm7, ymm8, ymm9, ymm10, ymm11];

    /// <inheritdoc/>
    public override int PackedRows => 8;

    /// <inheritdoc/>
    public override int Lanes => 8;

    /// <inheritdoc/>
    protected override int LowRegisters => 16;

    /// <summary>Register of A.</summary>
    protected static AssemblerRegisterYMM A => ymm14;

    /// <summary>Register that the kernel may use in the loop.</summary>
    protected static AssemblerRegisterYMM Free => ymm15;

    /// <summary><c>sum += other</c>.</summary>
    protected abstract void Add(AssemblerRegisterYMM sum, AssemblerRegisterYMM other);

    /// <summary>What sums begin with where C is overwritten, if not 0.</summary>
    protected virtual void Start()
    {
    }

    /// <inheritdoc/>
    protected override void Clear()
    {
        for (int i = 0; i < Shape.Rows * Shape.Vectors; i++)
        {
            Code.vpxor(Registers[i], Registers[i], Registers[i]);
        }
    }

    /// <inheritdoc/>
    protected override void Update()
    {
        if (Shape.IsMasked)
        {
            Code.mov(r10, Argument(TileArguments.Offset.ColumnMask));
            Code.vmovdqu(ymm15, __ymmword_ptr[r10]);
        }

        Choose(AddRows, Start, StoreRows);
    }

    /// <summary>Register of a sum.</summary>
    protected AssemblerRegisterYMM Sum(int row, int column) => Registers[(row * Shape.Vectors) + column];

    /// <summary>Register of a vector of B.</summary>
    protected static AssemblerRegisterYMM B(int column) => column == 0 ? ymm12 : ymm13;

    private bool IsMasked(int column) => Shape.IsMasked && column == Shape.Vectors - 1;

    private void AddRows()
    {
        for (int i = 0; i < Shape.Rows; i++)
        {
            for (int j = 0; j < Shape.Vectors; j++)
            {
                AssemblerMemoryOperand memory = __ymmword_ptr[r10 + (j * VectorSize)];
                if (IsMasked(j))
                {
                    Code.vmaskmovps(A, ymm15, memory);
                }
                else
                {
                    Code.vmovups(A, memory);
                }

                Add(Sum(i, j), A);
            }

            Code.add(r10, r9);
        }
    }

    private void StoreRows()
    {
        for (int i = 0; i < Shape.Rows; i++)
        {
            for (int j = 0; j < Shape.Vectors; j++)
            {
                AssemblerMemoryOperand memory = __ymmword_ptr[r8 + (j * VectorSize)];
                if (IsMasked(j))
                {
                    Code.vmaskmovps(memory, ymm15, Sum(i, j));
                }
                else
                {
                    Code.vmovups(memory, Sum(i, j));
                }
            }

            Code.add(r8, r9);
        }
    }
}
