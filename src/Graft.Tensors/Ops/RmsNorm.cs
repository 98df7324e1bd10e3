using Graft.Tensors.Kernels;

namespace Graft.Tensors;

public static unsafe partial class Op
{
    /// <summary><c>y = x / √(mean(x²) + ε) · weight</c> over each row, in fp32.</summary>
    /// <remarks>
    /// Zhang and Sennrich 2019. Saves x and one number a row. Backward, with <c>x̂ = x rstd</c> and <c>g = dy · weight</c>:
    /// <c>dx = rstd (g - x̂ mean(g x̂))</c>, <c>dweight = Σ dy x̂</c>, the sum sequence by sequence.
    /// </remarks>
    /// <param name="tape">The tape.</param>
    /// <param name="x">[tokens, features].</param>
    /// <param name="weight">[features / heads], any storage.</param>
    /// <param name="epsilon">Added to the mean square.</param>
    /// <param name="heads">Into how many equal parts a row falls; each is normalised on its own, all with the same weight.</param>
    /// <returns>[tokens, features].</returns>
    /// <exception cref="ArgumentException">The weight has another number of elements than a part has columns.</exception>
    public static Tensor RmsNorm(Tape tape, Tensor x, Parameter weight, float epsilon, int heads = 1)
    {
        using OpProfile.Span span = OpProfile.Measure("rms norm");
        ArgumentOutOfRangeException.ThrowIfLessThan(heads, 1);
        if (weight.Count * heads != x.Columns)
        {
            throw new ArgumentException($"{weight.Name}: the input has {x.Columns} features in {heads} parts, the parameter {weight.Count}");
        }

        Tensor y = tape.NewTensor(x.Rows, x.Columns, x.Sequences, x.RequiresGrad || weight.WantsGradient);
        Tensor statistics = tape.NewTensor(x.Rows, heads, x.Sequences, requiresGrad: false);
        NormKernels.RmsForward(x.Data, x.Rows * heads, (int)weight.Count, weight, epsilon, y.Data, statistics.Data);
        if (y.RequiresGrad && tape.Recording)
        {
            RmsNormNode node = tape.Record<RmsNormNode>(y);
            (node.X, node.Weight, node.Statistics) = (x, weight, statistics);
            node.Save(x);
            node.SaveExactly(statistics);
        }

        tape.Release(statistics);
        return y;
    }

    private sealed class RmsNormNode : Node
    {
        public Tensor X = null!;
        public Tensor Statistics = null!;
        public Parameter Weight = null!;

        public override string Name => "rms norm";

        private int Features => (int)Weight.Count;

        private int Heads => Statistics.Columns;

        public override void Backward(Tape tape)
        {
            float* dy = Tape.IncomingGradient(this);
            if (Weight.WantsGradient)
            {
                NormKernels.RmsWeightGradient(X.Data, dy, Features, Heads, Statistics.Data, X.Sequences.Offsets, Weight.Gradient);
            }

            if (X.RequiresGrad)
            {
                bool accumulate = !Tape.TryMoveGradient(Output, X);
                NormKernels.RmsBackward(X.Data, dy, X.Rows * Heads, Features, Weight, Statistics.Data, tape.GradientOf(X, out _), accumulate);
            }
        }
    }
}
