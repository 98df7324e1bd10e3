namespace Graft.Tensors;

/// <summary>A part of a model that can be run a second time with the same result.</summary>
public interface IRecomputable
{
    /// <summary>Runs the block.</summary>
    /// <param name="tape">The tape.</param>
    /// <param name="input">The block's input.</param>
    /// <param name="state">What the caller of <see cref="Checkpoint.Run"/> passed.</param>
    Tensor Run(Tape tape, Tensor input, object? state);
}

/// <summary>Gradient checkpointing: only the block's input is kept; the backward pass runs the block again.</summary>
/// <remarks>Chen et al. 2016, "Training Deep Nets with Sublinear Memory Cost". Kernels are deterministic, so the numbers are the same bit for bit.</remarks>
public static class Checkpoint
{
    /// <summary>Runs <paramref name="block"/> and records it as one node.</summary>
    /// <param name="tape">The tape.</param>
    /// <param name="block">The block.</param>
    /// <param name="input">Its input.</param>
    /// <param name="state">Passed on to the block, now and when it runs again.</param>
    /// <param name="shared">Tensors that the block reads besides its input and that were made before it; null for none.</param>
    public static Tensor Run(Tape tape, IRecomputable block, Tensor input, object? state, params ReadOnlySpan<Tensor?> shared)
    {
        if (!tape.Recording)
        {
            return block.Run(tape, input, state);
        }

        int ordinal = tape.RandomOrdinal;
        int scope = tape.BeginScope();
        tape.Mode = TapeMode.Tracking;
        Tensor output = block.Run(tape, input, state);
        tape.Mode = TapeMode.Recording;
        tape.EndScope(scope, output);
        if (output.RequiresGrad)
        {
            CheckpointNode node = tape.Record<CheckpointNode>(output);
            node.Block = block;
            node.Input = input;
            node.State = state;
            node.Ordinal = ordinal;
            node.Save(input);
            foreach (Tensor? tensor in shared)
            {
                if (tensor is not null)
                {
                    node.Save(tensor);
                }
            }
        }

        return output;
    }

    private sealed unsafe class CheckpointNode : Node
    {
        public override string Name => "checkpoint";

        public IRecomputable Block { get; set; } = null!;

        public Tensor Input { get; set; } = null!;

        public object? State { get; set; }

        public int Ordinal { get; set; }

        public override void Backward(Tape tape)
        {
            int first = tape.NodeCount;
            int ordinal = tape.RandomOrdinal;
            tape.RandomOrdinal = Ordinal;
            int scope = tape.BeginScope();
            Tensor again = Block.Run(tape, Input, State);
            tape.Release(again);
            tape.EndScope(scope, again);
            tape.RandomOrdinal = ordinal;
            Tape.TryMoveGradient(Output, again);
            tape.BackwardFrom(first);
            if (Input.Gradient != null)
            {
                // It lies amid what the block has worked with: the next block needs that room in one piece.
                Input.Gradient = tape.Arena.MoveDown(Input.Gradient, Input.Count);
            }
        }
    }
}
