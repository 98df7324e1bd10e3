using Graft.Tensors.Kernels;

namespace Graft.Tensors;

public static unsafe partial class Op
{
    /// <summary>Sets elements to zero with the given probability and scales the others by <c>1 / (1 - probability)</c>.</summary>
    /// <remarks>
    /// Srivastava et al. 2014. The mask is a function of the step's seed, the op's ordinal, the sequence's key, the token's position
    /// and the column: nothing is saved, and a sample gets the same mask in any batch. Backward: the same mask on dy.
    /// </remarks>
    /// <param name="tape">The tape.</param>
    /// <param name="x">[tokens, features].</param>
    /// <param name="probability">In [0, 1). With 0, and in <see cref="TapeMode.Inference"/>, the result is <paramref name="x"/> itself.</param>
    /// <returns>The same size.</returns>
    /// <exception cref="ArgumentException">The probability is outside [0, 1).</exception>
    public static Tensor Dropout(Tape tape, Tensor x, float probability)
    {
        using OpProfile.Span span = OpProfile.Measure("dropout");
        if (probability is not (>= 0 and < 1))
        {
            throw new ArgumentException($"a dropout probability of {probability} is outside [0, 1)", nameof(probability));
        }

        if (probability == 0 || tape.Mode == TapeMode.Inference)
        {
            return x;
        }

        Tensor y = tape.NewTensor(x.Rows, x.Columns, x.Sequences, x.RequiresGrad);
        int ordinal = tape.RandomOrdinal++;
        DropoutKernels.Apply(x.Data, y.Data, x.Columns, x.Sequences, probability, tape.RandomSeed, ordinal, accumulate: false);
        if (y.RequiresGrad && tape.Recording)
        {
            DropoutNode node = tape.Record<DropoutNode>(y);
            (node.X, node.Ordinal, node.Probability) = (x, ordinal, probability);
        }

        return y;
    }

    private sealed class DropoutNode : Node
    {
        public Tensor X = null!;
        public int Ordinal;
        public float Probability;

        public override string Name => "dropout";

        public override void Backward(Tape tape)
        {
            float* dy = Tape.IncomingGradient(this);
            bool accumulate = !Tape.TryMoveGradient(Output, X);
            DropoutKernels.Apply(dy, tape.GradientOf(X, out _), X.Columns, X.Sequences, Probability, tape.RandomSeed, Ordinal, accumulate);
        }
    }
}
