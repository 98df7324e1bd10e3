using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace Graft.Tensors.Assembly;

/// <summary>What all tile kernels share: how they are called, their frame, the argument, and the registers that they give back.</summary>
/// <remarks>
/// <code>
/// rax  arguments      r8   C      r9   bytes from row to row of C      r11  what to prefetch
/// </code>
/// They, rcx, rdx and r10 may be overwritten in both calling conventions. Code is position-independent and calls nothing. The product is called
/// as an ordinary unmanaged function, so that a garbage collection need not wait for it, with whole cache blocks, so that this costs nothing.
/// </remarks>
internal abstract class TileKernel
{
    /// <summary>Groups of k after which the address to prefetch jumps.</summary>
    public const int Unroll = 8;

    /// <summary>Bytes of a unit: two bf16 or four codes; also of an element of C.</summary>
    protected const int UnitBytes = 4;

    private const int FirstSaved = 6;
    private const int VectorBytes = 16;

    private readonly CallingConvention _convention;
    private readonly List<(int Instruction, string Text)> _notes = [];

    /// <summary>Begins a kernel.</summary>
    /// <param name="shape">The tile.</param>
    /// <param name="convention">Whose function it will be.</param>
    protected TileKernel(TileShape shape, CallingConvention convention)
    {
        Shape = shape;
        _convention = convention;
    }

    /// <summary>The tile.</summary>
    public TileShape Shape { get; }

    /// <summary>The family's name.</summary>
    public abstract string Name { get; }

    /// <summary>Units that one group takes in a packed panel of A.</summary>
    public abstract int PackedRows { get; }

    /// <summary>Whether a panel of A holds row after row; else group after group.</summary>
    public abstract bool IsRowMajor { get; }

    /// <summary>32-bit elements in a vector.</summary>
    public abstract int Lanes { get; }

    /// <summary>Vector registers from 0 on that the kernel writes, those above 15 not counted.</summary>
    protected abstract int LowRegisters { get; }

    /// <summary>Bytes from rsp on that the kernel keeps what it likes in, a multiple of 16.</summary>
    protected abstract int StateBytes { get; }

    /// <summary>The assembler that the kernel is written with.</summary>
    protected Assembler Code { get; } = new(64);

    /// <summary>Bytes of a vector.</summary>
    protected int VectorSize => Lanes * UnitBytes;

    /// <summary>Assembles the kernel.</summary>
    public byte[] Assemble()
    {
        Note($"{Name}, {Shape.Rows} rows x {Shape.Vectors * Lanes} columns{(Shape.IsMasked ? ", last vector masked" : string.Empty)}, {_convention}");
        int saved = _convention == CallingConvention.Windows ? Math.Max(0, LowRegisters - FirstSaved) : 0;
        int frame = StateBytes + (saved * VectorBytes);
        Code.mov(rax, _convention == CallingConvention.Windows ? rcx : rdi);
        Code.sub(rsp, frame);
        for (int i = 0; i < saved; i++)
        {
            Code.vmovups(__xmmword_ptr[rsp + StateBytes + (i * VectorBytes)], Xmm(FirstSaved + i));
        }

        Code.mov(r8, Argument(TileArguments.Offset.C));
        Code.mov(r9, Argument(TileArguments.Offset.RowBytes));
        Code.mov(r11, Argument(TileArguments.Offset.Prefetch));
        Multiply();
        Note("return");
        Leave();
        for (int i = 0; i < saved; i++)
        {
            Code.vmovups(Xmm(FirstSaved + i), __xmmword_ptr[rsp + StateBytes + (i * VectorBytes)]);
        }

        Code.add(rsp, frame);
        Code.ret();
        return MachineCode.Bytes(Code);
    }

    /// <summary>The assembled kernel as text, with notes; after <see cref="Assemble"/>.</summary>
    public string Listing() => MachineCode.Listing(MachineCode.Bytes(Code), _notes);

    /// <summary>All panels of rows.</summary>
    protected abstract void Multiply();

    /// <summary>Leaves the CPU's states, and the registers that the kernel has saved itself, as the caller wants them.</summary>
    protected abstract void Leave();

    /// <summary>A field of the arguments.</summary>
    /// <param name="offset">One of <see cref="TileArguments.Offset"/>.</param>
    protected static AssemblerMemoryOperand Argument(int offset) => __qword_ptr[rax + offset];

    /// <summary>Asks for the next address to prefetch, and moves on by one step.</summary>
    protected void Prefetch()
    {
        Code.prefetcht1(__byte_ptr[r11]);
        Code.add(r11, Argument(TileArguments.Offset.PrefetchStep));
    }

    /// <summary>A line for the listing, before the next instruction.</summary>
    protected void Note(string text) => _notes.Add((Code.Instructions.Count, text));

    private static AssemblerRegisterXMM Xmm(int index) => new[] { xmm0, xmm1, xmm2, xmm3, xmm4, xmm5, xmm6, xmm7, xmm8, xmm9, xmm10, xmm11, xmm12, xmm13, xmm14, xmm15 }[index];
}
