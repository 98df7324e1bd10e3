using Graft.Tensors.Kernels;
using Graft.Tensors.Memory;

namespace Graft.Tensors;

public static unsafe partial class Op
{
    /// <summary><c>y = (x − b) ⊙ g + b</c> with <c>g = m ⊙ n</c>: every column of a product gets the magnitude m, the bias stays (DoRA).</summary>
    /// <remarks>
    /// Liu et al. 2024, "DoRA". n is one over the norm of the weight's rows; it counts as a constant, as PEFT has it. Backward:
    /// <c>dx = g ⊙ dy</c>, <c>dm = n ⊙ Σ dy ⊙ (x − b)</c>, <c>db = (1 − g) ⊙ Σ dy</c>, sums over the tokens, sequence by sequence.
    /// </remarks>
    /// <param name="tape">The tape.</param>
    /// <param name="x">[tokens, features]: the output of a linear layer, its bias included.</param>
    /// <param name="bias">The bias in <paramref name="x"/>, [features]; null for none.</param>
    /// <param name="magnitude">m, [features].</param>
    /// <param name="inverseNorms">n, [features]; must not change before the backward pass.</param>
    /// <returns>The same size.</returns>
    public static Tensor ScaleToMagnitude(Tape tape, Tensor x, Parameter? bias, Parameter magnitude, float* inverseNorms)
    {
        using OpProfile.Span span = OpProfile.Measure("scale to magnitude");
        if (magnitude.Count != x.Columns)
        {
            throw new ArgumentException($"{magnitude.Name} has {magnitude.Count} elements, the layer puts out {x.Columns} features");
        }

        bool trains = magnitude.WantsGradient || (bias?.WantsGradient ?? false);
        Tensor y = tape.NewTensor(x.Rows, x.Columns, x.Sequences, x.RequiresGrad || trains);
        float* gain = MagnitudeGain(magnitude, inverseNorms);
        float* shift = null;
        if (bias is not null)
        {
            // (x − b) g + b = x g + (1 − g) b
            shift = ThreadScratch.GetSingles(1, x.Columns);
            bias.CopyTo(shift);
            for (int j = 0; j < x.Columns; j++)
            {
                shift[j] *= 1 - gain[j];
            }
        }

        for (int i = 0; i < x.Rows; i++)
        {
            float* target = y.Data + ((long)i * y.Columns);
            x.Row(i).CopyTo(new Span<float>(target, y.Columns));
            VectorKernels.Multiply(target, gain, y.Columns);
            if (shift != null)
            {
                VectorKernels.Add(target, shift, y.Columns);
            }
        }

        if (y.RequiresGrad && tape.Recording)
        {
            ScaleToMagnitudeNode node = tape.Record<ScaleToMagnitudeNode>(y);
            (node.X, node.Bias, node.Magnitude) = (x, bias, magnitude);
            node.InverseNorms = inverseNorms;
            if (magnitude.WantsGradient)
            {
                node.Save(x);
            }
        }

        return y;
    }

    /// <summary>g = m ⊙ n, in this thread's scratch.</summary>
    private static float* MagnitudeGain(Parameter magnitude, float* inverseNorms)
    {
        float* gain = ThreadScratch.GetSingles(0, magnitude.Count);
        magnitude.CopyTo(gain);
        VectorKernels.Multiply(gain, inverseNorms, magnitude.Count);
        return gain;
    }

    private sealed class ScaleToMagnitudeNode : Node
    {
        public Tensor X = null!;
        public Parameter? Bias;
        public Parameter Magnitude = null!;
        public float* InverseNorms;

        public override string Name => "scale to magnitude";

        public override void Backward(Tape tape)
        {
            float* dy = Tape.IncomingGradient(this);
            int columns = X.Columns;
            float* gain = MagnitudeGain(Magnitude, InverseNorms);
            if (Magnitude.WantsGradient)
            {
                AccumulateMagnitude(dy);
            }

            if (Bias is { WantsGradient: true })
            {
                AccumulateBias(dy, gain);
            }

            if (X.RequiresGrad)
            {
                float* dx = tape.GradientOrZeros(X);
                for (int row = 0; row < X.Rows; row++)
                {
                    VectorKernels.MultiplyAdd(dx + ((long)row * columns), dy + ((long)row * columns), gain, columns);
                }
            }
        }

        private void AccumulateMagnitude(float* dy)
        {
            int columns = X.Columns;
            float* sum = ThreadScratch.GetSingles(2, columns);
            float* centered = ThreadScratch.GetSingles(3, columns);
            float* shift = ThreadScratch.GetSingles(1, columns);
            new Span<float>(shift, columns).Clear();
            Bias?.CopyTo(shift);
            ReadOnlySpan<int> offsets = X.Sequences.Offsets;
            for (int s = 0; s + 1 < offsets.Length; s++)
            {
                new Span<float>(sum, columns).Clear();
                for (int row = offsets[s]; row < offsets[s + 1]; row++)
                {
                    X.Row(row).CopyTo(new Span<float>(centered, columns));
                    VectorKernels.Subtract(centered, shift, columns);
                    VectorKernels.MultiplyAdd(sum, dy + ((long)row * columns), centered, columns);
                }

                VectorKernels.MultiplyAdd(Magnitude.Gradient, sum, InverseNorms, columns);
            }
        }

        private void AccumulateBias(float* dy, float* gain)
        {
            int columns = X.Columns;
            float* sum = ThreadScratch.GetSingles(2, columns);
            ReadOnlySpan<int> offsets = X.Sequences.Offsets;
            for (int s = 0; s + 1 < offsets.Length; s++)
            {
                new Span<float>(sum, columns).Clear();
                for (int row = offsets[s]; row < offsets[s + 1]; row++)
                {
                    VectorKernels.Add(sum, dy + ((long)row * columns), columns);
                }

                for (int j = 0; j < columns; j++)
                {
                    Bias!.Gradient[j] += (1 - gain[j]) * sum[j];
                }
            }
        }
    }
}
