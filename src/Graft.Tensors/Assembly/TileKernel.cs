using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace Graft.Tensors.Assembly;

/// <summary>What all tile kernels share: the frame, the loop over panels of rows, the loop over k and its remainder.</summary>
/// <remarks>
/// <code>
/// rax  arguments      rcx  A, runs on from panel to panel    rdx  B, from its start for each panel
/// r8   C              r9   bytes from row to row of C        r10  groups of k left        r11  what to prefetch
/// </code>
/// All of them may be overwritten in both calling conventions. Code is position-independent and calls nothing. The product is called
/// as an ordinary unmanaged function, so that a garbage collection need not wait for it, with whole cache blocks, so that this costs nothing.
/// </remarks>
internal abstract class TileKernel
{
    /// <summary>Groups of k in the body of the loop.</summary>
    public const int Unroll = 8;

    /// <summary>Bytes of a unit: two bf16 or four codes; also of an element of C.</summary>
    protected const int UnitBytes = 4;

    private const int FirstSaved = 6;
    private const int VectorBytes = 16;
    private const int StateBytes = 16;

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

    /// <summary>32-bit elements in a vector.</summary>
    public abstract int Lanes { get; }

    /// <summary>Vector registers from 0 on that the kernel writes, those above 15 not counted.</summary>
    protected abstract int LowRegisters { get; }

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

        Code.mov(rcx, Argument(TileArguments.Offset.A));
        Code.mov(r8, Argument(TileArguments.Offset.C));
        Code.mov(r9, Argument(TileArguments.Offset.RowBytes));
        Code.mov(r11, Argument(TileArguments.Offset.Prefetch));
        Begin();
        Panels();
        Note("return");
        Code.vzeroupper();
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

    /// <summary>Loads what stays the same for all panels.</summary>
    protected virtual void Begin()
    {
    }

    /// <summary>Clears the sums, and whatever else a panel begins with.</summary>
    protected abstract void Clear();

    /// <summary>One group of k.</summary>
    /// <param name="index">Which one after those that rcx and rdx point at.</param>
    protected abstract void Step(int index);

    /// <summary>Adds the sums to C or overwrites it, and leaves r8 at the next panel's first row.</summary>
    protected abstract void Update();

    /// <summary>A field of the arguments.</summary>
    /// <param name="offset">One of <see cref="TileArguments.Offset"/>.</param>
    protected static AssemblerMemoryOperand Argument(int offset) => __qword_ptr[rax + offset];

    /// <summary>A line for the listing, before the next instruction.</summary>
    protected void Note(string text) => _notes.Add((Code.Instructions.Count, text));

    /// <summary>Overwrites C or adds to it, as the arguments say; both ways end at the same place.</summary>
    /// <param name="add">Adds C to the sums, row by row from r8 on.</param>
    /// <param name="start">What is done to the sums instead where C is overwritten.</param>
    /// <param name="store">Stores the sums.</param>
    protected void Choose(Action add, Action start, Action store)
    {
        Label overwrite = Code.CreateLabel(), write = Code.CreateLabel();
        Code.cmp(Argument(TileArguments.Offset.Accumulate), 0);
        Code.je(overwrite);
        Note("add C to the sums");
        Code.mov(r10, r8);
        add();
        Code.jmp(write);
        Code.Label(ref overwrite);
        Note("or begin it");
        Code.nop(); // Two labels cannot be one place.
        start();
        Code.Label(ref write);
        Note("store the sums");
        store();
    }

    private static AssemblerRegisterXMM Xmm(int index) => new[] { xmm0, xmm1, xmm2, xmm3, xmm4, xmm5, xmm6, xmm7, xmm8, xmm9, xmm10, xmm11, xmm12, xmm13, xmm14, xmm15 }[index];

    private void Panels()
    {
        Label panel = Code.CreateLabel(), body = Code.CreateLabel(), rest = Code.CreateLabel(), single = Code.CreateLabel(), done = Code.CreateLabel();
        Code.Label(ref panel);
        Note("a panel of rows");
        Code.mov(rdx, Argument(TileArguments.Offset.B));
        Clear();
        Code.mov(r10, Argument(TileArguments.Offset.Groups));
        Code.sub(r10, Unroll);
        Code.jl(rest);

        Code.Label(ref body);
        for (int i = 0; i < Unroll; i++)
        {
            Note($"group {i} of {Unroll}");
            Step(i);
            Code.prefetcht1(__byte_ptr[r11]);
            Code.add(r11, Argument(TileArguments.Offset.PrefetchStep));
        }

        Code.add(rcx, Unroll * PackedRows * UnitBytes);
        Code.add(rdx, Unroll * Shape.Vectors * VectorSize);
        Code.add(r11, Argument(TileArguments.Offset.PrefetchJump));
        Code.sub(r10, Unroll);
        Code.jge(body);

        Code.Label(ref rest);
        Note("the groups that are left, one by one");
        Code.add(r10, Unroll);
        Code.je(done);
        Code.Label(ref single);
        Step(0);
        Code.add(rcx, PackedRows * UnitBytes);
        Code.add(rdx, Shape.Vectors * VectorSize);
        Code.dec(r10);
        Code.jne(single);

        Code.Label(ref done);
        Note("C");
        Update();
        Code.dec(Argument(TileArguments.Offset.Panels));
        Code.jne(panel);
    }
}
