using System.Buffers.Binary;
using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace Graft.Tensors.Assembly;

/// <summary>Tiles of Intel's matrix extension (AMX): up to 32 rows by 32 columns in four of its eight registers of 16 rows x 64 bytes.</summary>
/// <remarks>
/// <code>
/// tmm0 tmm1   C, the first 16 rows: 16 columns each       tmm4   A, the first 16 rows: 16 groups of k
/// tmm2 tmm3   C, the rows after them                      tmm5   A, the rows after them
/// tmm6 tmm7   B, 16 groups of k: 16 columns each
/// rcx  A      rbx  A, 16 rows on      rsi  bytes from row to row of A
/// rdx  B                              rdi  bytes from group to group of B      r10  steps of 16 groups left
/// </code>
/// The others: <see cref="TileKernel"/>. A step takes 4 loads and 4 products, 16 rows each: a product keeps the multiplier busy for a cycle a row, and
/// two rows are loaded in one. B is read as it is packed for vectors; A's rows lie whole, so that 64 bytes of one are 16 groups.
/// <para>
/// Rows, columns and groups that are missing are missing from the tiles' shapes: memory outside the operands is never touched. A shape holds for all
/// steps, and setting it clears the tiles. So all panels do their full steps first; then, where groups are left, the shape is set again, and
/// all panels add those to C in one more step.
/// </para>
/// </remarks>
internal abstract class AmxTileKernel(TileShape shape, CallingConvention convention) : TileKernel(shape, convention)
{
    /// <summary>Rows of the largest tile.</summary>
    public const int MaxRows = 2 * TileRows;

    /// <summary>Vectors of the widest tile.</summary>
    public const int MaxVectors = 2;

    /// <summary>Groups of k that one product takes.</summary>
    public const int StepGroups = 16;

    private const int TileRows = 16;
    private const int TileBytes = 64;
    private const int StepShift = 4, TileRowsShift = 4, MaxRowsShift = 5, StepBytesShift = 6, UnitShift = 2;

    // Of the shape, LDTILECFG's operand: palette, bytes of a row of each tile, their rows.
    private const int ShapeBytes = 64;
    private const byte Palette = 1;
    private const int RowBytesAt = 16;
    private const int RowsAt = 48;

    // Behind it on the stack.
    private const int SavedAt = ShapeBytes;
    private const int StepsAt = SavedAt + 24;
    private const int PanelsAt = StepsAt + 8;

    private const int FirstOfA = 4;
    private const int FirstOfB = 6;

    private static readonly AssemblerRegisterTMM[] Tiles = [tmm0, tmm1, tmm2, tmm3, tmm4, tmm5, tmm6, tmm7];

    /// <inheritdoc/>
    public sealed override int PackedRows => MaxRows;

    /// <inheritdoc/>
    public sealed override bool IsRowMajor => true;

    /// <inheritdoc/>
    public sealed override int Lanes => TileBytes / UnitBytes;

    /// <inheritdoc/>
    protected sealed override int LowRegisters => 0;

    /// <inheritdoc/>
    protected sealed override int StateBytes => 112;

    private static AssemblerRegister64[] Saved => [rbx, rsi, rdi];

    /// <summary>Tiles of 16 rows, the last with fewer: one or two.</summary>
    private int Halves => (Shape.Rows + TileRows - 1) / TileRows;

    /// <summary><c>sum += a · b</c>: all rows of a, all columns of b.</summary>
    protected abstract void Dot(AssemblerRegisterTMM sum, AssemblerRegisterTMM a, AssemblerRegisterTMM b);

    /// <summary>What sums begin with where C is overwritten.</summary>
    /// <param name="column">A vector of columns.</param>
    /// <param name="sum">A tile of its sums.</param>
    protected abstract void Start(int column, AssemblerRegisterTMM sum);

    /// <inheritdoc/>
    protected sealed override void Multiply()
    {
        Label rest = Code.CreateLabel(), pass = Code.CreateLabel(), done = Code.CreateLabel();
        for (int i = 0; i < Saved.Length; i++)
        {
            Code.mov(__qword_ptr[rsp + SavedAt + (i * 8)], Saved[i]);
        }

        Note("shapes of the tiles");
        WriteShapes();
        Code.mov(rsi, Argument(TileArguments.Offset.Groups));
        Code.mov(r10, rsi);
        Code.shl(rsi, UnitShift);
        Code.mov(edi, Shape.Vectors * VectorSize);
        Code.shr(r10, StepShift);
        Code.je(rest);

        Code.Label(ref pass);
        Note("all panels, full steps or what is left");
        Code.mov(__qword_ptr[rsp + StepsAt], r10);
        Code.ldtilecfg(__[rsp]);
        Panels();

        Code.Label(ref rest);
        Note("groups that are left");
        Code.mov(r10, Argument(TileArguments.Offset.Groups));
        Code.and(r10, StepGroups - 1);
        Code.je(done);
        WriteRest();
        Code.jmp(pass);
        Code.Label(ref done);
        Code.nop(); // Two labels cannot be one place.
    }

    /// <inheritdoc/>
    protected sealed override void Leave()
    {
        Code.tilerelease();
        for (int i = 0; i < Saved.Length; i++)
        {
            Code.mov(Saved[i], __qword_ptr[rsp + SavedAt + (i * 8)]);
        }
    }

    /// <summary>The shapes for full steps; the last column's width is known only when the kernel runs.</summary>
    private void WriteShapes()
    {
        Span<byte> shapes = stackalloc byte[ShapeBytes];
        shapes.Clear();
        shapes[0] = Palette;
        for (int half = 0; half < Halves; half++)
        {
            int rows = Math.Min(TileRows, Shape.Rows - (half * TileRows));
            Set(shapes, FirstOfA + half, rows);
            for (int j = 0; j < Shape.Vectors; j++)
            {
                Set(shapes, Sum(half, j), rows);
                Set(shapes, FirstOfB + j, StepGroups);
            }
        }

        for (int i = 0; i < ShapeBytes; i += 8)
        {
            Code.mov(r10, BinaryPrimitives.ReadInt64LittleEndian(shapes[i..]));
            Code.mov(__qword_ptr[rsp + i], r10);
        }

        if (Shape.IsMasked)
        {
            Code.mov(r10, Argument(TileArguments.Offset.TailBytes));
            for (int half = 0; half < Halves; half++)
            {
                Code.mov(RowBytesOf(Sum(half, Shape.Vectors - 1)), r10w);
            }

            Code.mov(RowBytesOf(FirstOfB + Shape.Vectors - 1), r10w);
        }

        static void Set(Span<byte> shapes, int tile, int rows)
        {
            BinaryPrimitives.WriteInt16LittleEndian(shapes[(RowBytesAt + (2 * tile))..], TileBytes);
            shapes[RowsAt + tile] = (byte)rows;
        }
    }

    /// <summary>Shapes and arguments for the groups that are left, whose number is in r10; then one step in r10.</summary>
    private void WriteRest()
    {
        for (int j = 0; j < Shape.Vectors; j++)
        {
            Code.mov(__byte_ptr[rsp + RowsAt + FirstOfB + j], r10b);
        }

        Code.shl(r10, UnitShift);
        for (int half = 0; half < Halves; half++)
        {
            Code.mov(RowBytesOf(FirstOfA + half), r10w);
        }

        Note("behind the full steps, if there were any, and added to their sums");
        Code.mov(r10, Argument(TileArguments.Offset.Groups));
        Code.shr(r10, StepShift);
        Code.or(Argument(TileArguments.Offset.Accumulate), r10);
        Code.shl(r10, StepBytesShift);
        Code.add(Argument(TileArguments.Offset.A), r10);
        Code.imul(r10, r10, Shape.Vectors * StepGroups);
        Code.add(Argument(TileArguments.Offset.B), r10);

        Code.xor(r10d, r10d);
        Code.mov(Argument(TileArguments.Offset.Groups), r10);
        Code.mov(Argument(TileArguments.Offset.PrefetchStep), r10);
        Code.mov(Argument(TileArguments.Offset.PrefetchJump), r10);
        Code.mov(r10d, 1);
    }

    private void Panels()
    {
        Label panel = Code.CreateLabel(), step = Code.CreateLabel();
        Code.mov(rcx, Argument(TileArguments.Offset.A));
        Code.mov(r8, Argument(TileArguments.Offset.C));
        Code.mov(r10, Argument(TileArguments.Offset.Panels));
        Code.mov(__qword_ptr[rsp + PanelsAt], r10);

        Code.Label(ref panel);
        Note("a panel of rows");
        Begin();
        Code.mov(rdx, Argument(TileArguments.Offset.B));
        Code.mov(rbx, rsi);
        Code.shl(rbx, TileRowsShift);
        Code.add(rbx, rcx);
        Code.mov(r10, __qword_ptr[rsp + StepsAt]);

        Code.Label(ref step);
        Note("a step");
        Step();
        Code.add(rcx, TileBytes);
        Code.add(rbx, TileBytes);
        Code.add(rdx, StepGroups * Shape.Vectors * VectorSize);
        Code.dec(r10);
        Code.jne(step);

        Note("store the sums");
        EachSum((sum, memory) => Code.tilestored(memory, sum));

        Note("the next panel");
        Code.imul(r10, r9, Shape.Rows);
        Code.add(r8, r10);
        Code.mov(r10, __qword_ptr[rsp + StepsAt]);
        Code.shl(r10, StepBytesShift);
        Code.sub(rcx, r10);
        Code.mov(r10, rsi);
        Code.shl(r10, MaxRowsShift);
        Code.add(rcx, r10);
        Code.dec(__qword_ptr[rsp + PanelsAt]);
        Code.jne(panel);
    }

    /// <summary>Sums begin with C, or with what they start from.</summary>
    private void Begin()
    {
        Label overwrite = Code.CreateLabel(), begun = Code.CreateLabel();
        Code.cmp(Argument(TileArguments.Offset.Accumulate), 0);
        Code.je(overwrite);
        EachSum((sum, memory) => Code.tileloadd(sum, memory));
        Code.jmp(begun);
        Code.Label(ref overwrite);
        Note("or from the start");
        Code.nop(); // Two labels cannot be one place.
        for (int half = 0; half < Halves; half++)
        {
            for (int j = 0; j < Shape.Vectors; j++)
            {
                Start(j, Tiles[Sum(half, j)]);
            }
        }

        Code.Label(ref begun);
    }

    private void Step()
    {
        int products = Halves * Shape.Vectors, prefetches = 0;
        for (int half = 0; half < Halves; half++)
        {
            Code.tileloadd(Tiles[FirstOfA + half], __[(half == 0 ? rcx : rbx) + (rsi * 1)]);
            for (int j = 0; j < Shape.Vectors; j++)
            {
                if (half == 0)
                {
                    Code.tileloadd(Tiles[FirstOfB + j], __[rdx + (rdi * 1) + (j * VectorSize)]);
                }

                Dot(Tiles[Sum(half, j)], Tiles[FirstOfA + half], Tiles[FirstOfB + j]);
                for (int i = 0; i < StepGroups / products; i++)
                {
                    Prefetch();
                    if (++prefetches % Unroll == 0)
                    {
                        Code.add(r11, Argument(TileArguments.Offset.PrefetchJump));
                    }
                }
            }
        }
    }

    /// <summary>Each tile of sums, with its place in C from r8 on; r10 is overwritten.</summary>
    private void EachSum(Action<AssemblerRegisterTMM, AssemblerMemoryOperand> use)
    {
        for (int half = 0; half < Halves; half++)
        {
            if (half == 1)
            {
                Code.mov(r10, r9);
                Code.shl(r10, TileRowsShift);
                Code.add(r10, r8);
            }

            for (int j = 0; j < Shape.Vectors; j++)
            {
                use(Tiles[Sum(half, j)], __[(half == 0 ? r8 : r10) + (r9 * 1) + (j * VectorSize)]);
            }
        }
    }

    private static AssemblerMemoryOperand RowBytesOf(int tile) => __word_ptr[rsp + RowBytesAt + (2 * tile)];

    /// <summary>Index of a tile of C.</summary>
    private static int Sum(int half, int column) => (2 * half) + column;
}
