using Graft.Tensors.Kernels;
using Graft.Tensors.Memory;

namespace Graft.Tensors;

public static unsafe partial class Op
{
    private static readonly SequenceLayout s_noSequences = new();

    /// <summary>Spreads a table of learned biases over all distances that occur, for <see cref="Attention"/>.</summary>
    /// <remarks>Raffel et al. 2020 (T5). Layers that share the table share the result. Backward sums the distances of each bucket.</remarks>
    /// <param name="tape">The tape.</param>
    /// <param name="table">[buckets, heads], any storage.</param>
    /// <param name="buckets">Which distances share a row of the table.</param>
    /// <param name="before">How far a key may be before a query: at most the longest sequence less one.</param>
    /// <param name="after">How far a key may be after a query; 0 for causal attention.</param>
    /// <exception cref="ArgumentException">The table has another number of rows than there are buckets.</exception>
    public static RelativeBias RelativeBias(Tape tape, Parameter table, RelativeBuckets buckets, int before, int after)
    {
        using OpProfile.Span span = OpProfile.Measure("relative bias");
        WeightView view = table.View;
        if (view.Rows != buckets.Count)
        {
            throw new ArgumentException($"{table.Name} has {view.Rows} rows, but there are {buckets.Count} buckets");
        }

        const int Padding = Tensors.RelativeBias.Padding;
        int width = checked(before + after + 1 + (2 * Padding));
        Tensor values = tape.NewTensor(view.Columns, width, s_noSequences, table.WantsGradient);
        float* biases = ThreadScratch.GetSingles(0, table.Count);
        table.CopyTo(biases);
        for (int column = 0; column < width; column++)
        {
            float* row = biases + ((long)buckets.Of(column - after - Padding) * view.Columns);
            for (int head = 0; head < view.Columns; head++)
            {
                values.Data[((long)head * width) + column] = row[head];
            }
        }

        if (values.RequiresGrad && tape.Recording)
        {
            RelativeBiasNode node = tape.Record<RelativeBiasNode>(values);
            (node.Table, node.Buckets, node.After) = (table, buckets, after);
        }

        return new RelativeBias(values, before, after);
    }

    private sealed class RelativeBiasNode : Node
    {
        public Parameter Table = null!;
        public RelativeBuckets Buckets = null!;
        public int After;

        public override string Name => "relative bias";

        public override void Backward(Tape tape)
        {
            const int Padding = Tensors.RelativeBias.Padding;
            float* gradient = Tape.IncomingGradient(this);
            for (int column = Padding; column < Output.Columns - Padding; column++)
            {
                float* row = Table.Gradient + ((long)Buckets.Of(column - After - Padding) * Output.Rows);
                for (int head = 0; head < Output.Rows; head++)
                {
                    row[head] += gradient[((long)head * Output.Columns) + column];
                }
            }
        }
    }
}
