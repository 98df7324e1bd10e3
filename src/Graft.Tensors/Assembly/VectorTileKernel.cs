using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace Graft.Tensors.Assembly;

/// <summary>What kernels on vectors share: the loop over panels of rows, the loop over k and its remainder.</summary>
/// <remarks>
/// <code>
/// rcx  A, runs on from panel to panel    rdx  B, from its start for each panel    r10  groups of k left
/// </code>
/// The others: <see cref="TileKernel"/>.
/// </remarks>
internal abstract class VectorTileKernel(TileShape shape, CallingConvention convention) : TileKernel(shape, convention)
{
    /// <inheritdoc/>
    public sealed override bool IsRowMajor => false;

    /// <inheritdoc/>
    protected sealed override int StateBytes => 16;

    /// <inheritdoc/>
    protected sealed override void Multiply()
    {
        Code.mov(rcx, Argument(TileArguments.Offset.A));
        Begin();
        Panels();
    }

    /// <inheritdoc/>
    protected sealed override void Leave() => Code.vzeroupper();

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
            Prefetch();
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
