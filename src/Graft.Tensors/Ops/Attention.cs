using Graft.Tensors.Kernels;

namespace Graft.Tensors;

public static unsafe partial class Op
{
    /// <summary><c>softmax(q kᵀ * scale + biases) v</c> in each head, within each sequence of a ragged batch.</summary>
    /// <remarks>
    /// The matrix of scores is never formed. The forward pass keeps the logarithm of each softmax's sum; the backward pass computes
    /// the probabilities again from it (Dao 2023, "FlashAttention-2"): with <c>D = Σ dy∘y</c>, <c>dS = P∘(dy vᵀ - D) * scale</c>,
    /// <c>dq = dS k</c>, <c>dk = dSᵀ q</c>, <c>dv = Pᵀ dy</c>; with dropout's mask M, <c>P∘M</c> takes the place of P in y and dv, and
    /// <c>M∘(dy vᵀ)</c> that of <c>dy vᵀ</c>. The same bits for any number of threads and for any batch around a sequence.
    /// Where the tape computes in bf16, queries, keys and values are rounded in place, so that the backward pass sees what the forward
    /// pass has seen; so are probabilities, dy and dS before they are multiplied. Scores and softmax are fp32.
    /// </remarks>
    /// <param name="tape">The tape.</param>
    /// <param name="queries">[tokens, any]: <see cref="AttentionSettings.Heads"/> heads at <paramref name="queryLayout"/>. Its sequences are those of the batch.</param>
    /// <param name="queryLayout">Columns of the query heads.</param>
    /// <param name="keys">[tokens, any]; may be the same tensor. With sequences of its own (cross-attention) query sequence i sees all of key sequence i.</param>
    /// <param name="keyLayout">Columns of the key heads.</param>
    /// <param name="values">As many rows as <paramref name="keys"/>; may be the same tensor.</param>
    /// <param name="valueLayout">Columns of the value heads.</param>
    /// <param name="settings">Heads, scale, biases, window.</param>
    /// <param name="bias">What is added to scaled scores by distance; none by default.</param>
    /// <param name="training">Whether probabilities are dropped, as <see cref="AttentionSettings.Dropout"/> says.</param>
    /// <returns>[tokens, heads * value head size].</returns>
    public static Tensor Attention(
        Tape tape,
        Tensor queries,
        HeadLayout queryLayout,
        Tensor keys,
        HeadLayout keyLayout,
        Tensor values,
        HeadLayout valueLayout,
        AttentionSettings settings,
        RelativeBias bias = default,
        bool training = false)
    {
        using OpProfile.Span span = OpProfile.Measure("attention");
        AttentionDropout dropout = training && settings.Dropout > 0 ? AttentionDropout.Of(settings.Dropout, tape.RandomSeed, tape.RandomOrdinal++) : default;
        var operands = new AttentionOperands(queries, queryLayout, keys, keyLayout, values, valueLayout, settings, bias, dropout) { Precision = tape.Precision };
        operands.Validate();
        ValidateReach(bias, settings, queries.Sequences);
        bool biasTrains = bias.Exists && bias.Values.RequiresGrad;
        bool requiresGrad = queries.RequiresGrad || keys.RequiresGrad || values.RequiresGrad || biasTrains;
        RoundOperands(tape, queries, keys, values);
        Tensor y = tape.NewTensor(queries.Rows, settings.Heads * settings.ValueHeadDim, queries.Sequences, requiresGrad);
        Tensor? logSums = null;
        if (y.RequiresGrad && tape.Recording)
        {
            logSums = tape.NewTensor(queries.Rows, settings.Heads, queries.Sequences, requiresGrad: false);
            AttentionNode node = tape.Record<AttentionNode>(y);
            (node.Operands, node.LogSums) = (operands, logSums);
            node.Save(queries);
            node.Save(keys);
            node.Save(values);
            node.Save(y);
            node.SaveExactly(logSums);
            if (bias.Exists)
            {
                node.SaveExactly(bias.Values);
            }
        }

        AttentionForward.Run(operands, y, logSums);
        return y;
    }

    private static void RoundOperands(Tape tape, Tensor queries, Tensor keys, Tensor values)
    {
        tape.Round(queries);
        if (!ReferenceEquals(keys, queries))
        {
            tape.Round(keys);
        }

        if (!ReferenceEquals(values, keys) && !ReferenceEquals(values, queries))
        {
            tape.Round(values);
        }
    }

    private static void ValidateReach(RelativeBias bias, AttentionSettings settings, SequenceLayout sequences)
    {
        for (int i = 0; bias.Exists && i < sequences.Count; i++)
        {
            int longest = Math.Max(0, sequences.Offsets[i + 1] - sequences.Offsets[i] - 1);
            bias.Validate(settings.Heads, longest, settings.Causal ? 0 : longest);
        }
    }

    private sealed class AttentionNode : Node
    {
        public AttentionOperands Operands;
        public Tensor LogSums = null!;

        public override string Name => "attention";

        public override void Backward(Tape tape)
        {
            if (tape.Precision == ComputePrecision.BFloat16)
            {
                RoundedTo.Apply(Output.Gradient, Output.Gradient, Output.Count, DType.BFloat16);
            }

            // The three may share a tensor, so each adds to its columns of a gradient that starts as zeros.
            float* queries = GradientOrNull(tape, Operands.Queries);
            float* keys = GradientOrNull(tape, Operands.Keys);
            float* values = GradientOrNull(tape, Operands.Values);
            if (!Operands.Bias.Exists || !Operands.Bias.Values.RequiresGrad)
            {
                AttentionBackward.Run(Operands, Output, LogSums, Tape.IncomingGradient(this), queries, keys, values);
                return;
            }

            var bias = new RelativeBiasGradient(tape.Arena, Operands);
            bias.Open();
            AttentionBackward.Run(Operands, Output, LogSums, Tape.IncomingGradient(this), queries, keys, values, bias);
            bias.Close(tape.GradientOrZeros(Operands.Bias.Values));
        }

        private static float* GradientOrNull(Tape tape, Tensor tensor) => tensor.RequiresGrad ? tape.GradientOrZeros(tensor) : null;
    }
}
