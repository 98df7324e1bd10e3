using Graft.Tensors.Kernels;

namespace Graft.Tensors;

public static unsafe partial class Op
{
    /// <summary><c>y = x ⊙ l</c>: every row times the same vector, the heart of (IA)³.</summary>
    /// <remarks>Liu et al. 2022. Backward: <c>dx = dy ⊙ l</c>, <c>dl = Σ dy ⊙ x</c> over the tokens, sequence by sequence.</remarks>
    /// <param name="tape">The tape.</param>
    /// <param name="x">[tokens, features].</param>
    /// <param name="scale">As many elements as there are features, any shape.</param>
    public static Tensor ScaleColumns(Tape tape, Tensor x, Parameter scale)
    {
        using OpProfile.Span span = OpProfile.Measure("scale columns");
        if (scale.Count != x.Columns)
        {
            throw new ArgumentException($"{scale.Name} has {scale.Count} elements, the input has {x.Columns} features");
        }

        Tensor y = tape.NewTensor(x.Rows, x.Columns, x.Sequences, x.RequiresGrad || scale.WantsGradient);
        float* row = Memory.ThreadScratch.GetSingles(0, x.Columns);
        scale.CopyTo(row);
        for (int i = 0; i < x.Rows; i++)
        {
            float* target = y.Data + ((long)i * y.Columns);
            new Span<float>(x.Data + ((long)i * x.Columns), x.Columns).CopyTo(new Span<float>(target, x.Columns));
            VectorKernels.Multiply(target, row, x.Columns);
        }

        if (y.RequiresGrad && tape.Recording)
        {
            ScaleColumnsNode node = tape.Record<ScaleColumnsNode>(y);
            (node.X, node.Scale) = (x, scale);
            if (scale.WantsGradient)
            {
                node.Save(x);
            }
        }

        return y;
    }

    private sealed class ScaleColumnsNode : Node
    {
        public Tensor X = null!;
        public Parameter Scale = null!;

        public override string Name => "scale columns";

        public override void Backward(Tape tape)
        {
            float* dy = Tape.IncomingGradient(this);
            int columns = X.Columns;
            if (Scale.WantsGradient)
            {
                float* sum = Memory.ThreadScratch.GetSingles(0, columns);
                ReadOnlySpan<int> offsets = X.Sequences.Offsets;
                for (int s = 0; s + 1 < offsets.Length; s++)
                {
                    new Span<float>(sum, columns).Clear();
                    for (int row = offsets[s]; row < offsets[s + 1]; row++)
                    {
                        VectorKernels.MultiplyAdd(sum, dy + ((long)row * columns), X.Data + ((long)row * columns), columns);
                    }

                    VectorKernels.Add(Scale.Gradient, sum, columns);
                }
            }

            if (X.RequiresGrad)
            {
                float* dx = tape.GradientOf(X, out bool accumulate);
                float* scale = Memory.ThreadScratch.GetSingles(0, columns);
                Scale.CopyTo(scale);
                if (!accumulate)
                {
                    new Span<float>(dx, (int)X.Count).Clear();
                }

                for (int row = 0; row < X.Rows; row++)
                {
                    VectorKernels.MultiplyAdd(dx + ((long)row * columns), dy + ((long)row * columns), scale, columns);
                }
            }
        }
    }
}
