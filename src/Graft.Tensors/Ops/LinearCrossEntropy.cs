using Graft.Tensors.Kernels;

namespace Graft.Tensors;

public static unsafe partial class Op
{
    private const int MostRowsPerChunk = 512;

    /// <summary>The language model's head and its loss in one: <c>CrossEntropy(hidden headᵀ + bias, targets)</c>.</summary>
    /// <remarks>
    /// Logits exist only for rows with a target, a chunk of at most <see cref="Tape.LogitsBytes"/> and 512 rows at a time (smaller ones read the head too often), and the chunk's gradients are
    /// formed before it is overwritten (design D6): <c>dlogits = scale (softmax - onehot)</c>, <c>dhidden = dlogits head</c>,
    /// <c>dhead = dlogitsᵀ hidden</c>, the last sequence by sequence. The gradient of hidden is thus in place when
    /// <see cref="Tape.Backward"/> starts. Where the tape does not record, only the loss is computed.
    /// </remarks>
    /// <param name="tape">The tape.</param>
    /// <param name="hidden">[tokens, features].</param>
    /// <param name="targets">One a row, already shifted; -100 for none.</param>
    /// <param name="head">[vocabulary, features], any storage.</param>
    /// <param name="headBias">[vocabulary], any storage; null for none.</param>
    /// <param name="scale">Factor of the gradients: one over the number of counted tokens of the whole accumulation window.</param>
    /// <param name="labelSmoothing">Share of the target, in [0, 1), that is spread over the vocabulary.</param>
    /// <param name="tokenLosses">Receives the loss of each row, 0 where none; empty if nobody asks.</param>
    /// <returns>Sum, without the scale, and number of rows counted.</returns>
    /// <exception cref="ArgumentException">A target is outside the vocabulary, or sizes do not match.</exception>
    public static LossSum LinearCrossEntropy(
        Tape tape,
        Tensor hidden,
        ReadOnlySpan<int> targets,
        Parameter head,
        Parameter? headBias,
        double scale,
        float labelSmoothing = 0,
        Span<float> tokenLosses = default)
    {
        using OpProfile.Span span = OpProfile.Measure("linear cross-entropy");
        WeightView weight = head.View;
        RequireLossArguments(hidden, labelSmoothing, tokenLosses);
        RequireHead(hidden, head, headBias);
        using var labelled = new LabelledRows(tape, hidden.Sequences, targets, weight.Rows);
        bool headTrains = tape.Recording && (head.WantsGradient || headBias is { WantsGradient: true });
        int limit = RowsOfLogits(labelled.Count, weight.Rows, tape.LogitsBytes, headTrains);
        using var logits = new StepArenaRange(tape, (long)limit * weight.Rows);
        using var rows = new StepArenaRange(tape, (long)limit * weight.Columns);
        var chunk = new HeadChunk
        {
            Tape = tape,
            Hidden = hidden,
            Head = head,
            Bias = headBias,
            Logits = logits.Data,
            Rows = rows.Data,
            Scale = (float)scale,
            Smoothing = labelSmoothing,
            HeadTrains = tape.Recording && head.WantsGradient,
            BiasTrains = tape.Recording && headBias is { WantsGradient: true },
            HiddenGradient = tape.Recording && hidden.RequiresGrad && labelled.Count > 0 ? tape.GradientOrZeros(hidden) : null,
        };
        Span<int> segments = stackalloc int[MostRowsPerChunk + 1];
        int sequence = 0;
        fixed (int* target = targets)
        {
            for (int first = 0; first < labelled.Count;)
            {
                int count = labelled.NextChunk(first, ref sequence, limit, wholeSegments: headTrains, segments);
                chunk.Run(labelled.Indices + first, target, labelled.Losses + first, segments[..(count + 1)]);
                first += segments[count];
            }
        }

        return labelled.Sum(tokenLosses);
    }

    /// <summary>How many rows of logits <see cref="LinearCrossEntropy"/> holds at a time.</summary>
    /// <param name="labelled">Rows with a target.</param>
    /// <param name="vocabulary">Columns of the logits.</param>
    /// <param name="bytes">Most bytes that they may take; one row there is always.</param>
    /// <param name="headTrains">Whether the head gets gradients.</param>
    public static int RowsOfLogits(int labelled, int vocabulary, long bytes, bool headTrains)
    {
        int limit = (int)Math.Clamp(bytes / sizeof(float) / Math.Max(1, vocabulary), 1, MostRowsPerChunk);
        if (headTrains || labelled == 0)
        {
            // Sums over rows ask for chunks whose size does not depend on how many rows there are.
            return Math.Min(limit, labelled);
        }

        // Chunks of like size: a short last one would read the head for a few rows.
        int chunks = (labelled + limit - 1) / limit;
        return (labelled + chunks - 1) / chunks;
    }

    private static void RequireHead(Tensor hidden, Parameter head, Parameter? bias)
    {
        WeightView view = head.View;
        if (view.Columns != hidden.Columns)
        {
            throw new ArgumentException($"{head.Name}: the input has {hidden.Columns} features, the head takes {view.Columns}");
        }

        if (bias is not null && bias.Count != view.Rows)
        {
            throw new ArgumentException($"{bias.Name}: {bias.Count} numbers for a vocabulary of {view.Rows}");
        }
    }

    /// <summary>What all chunks of one call share.</summary>
    private struct HeadChunk
    {
        public Tape Tape;
        public Tensor Hidden;
        public Parameter Head;
        public Parameter? Bias;
        public float* Logits, Rows, HiddenGradient;
        public float Scale, Smoothing;
        public bool HeadTrains, BiasTrains;

        public readonly void Run(int* indices, int* targets, double* losses, ReadOnlySpan<int> segments)
        {
            int rows = segments[^1];
            int features = Hidden.Columns;
            WeightView weight = Head.View;
            for (int i = 0; i < rows; i++)
            {
                Hidden.Row(indices[i]).CopyTo(new Span<float>(Rows + ((long)i * features), features));
            }

            LinearProduct.Multiply(Tape, LinearLayout.OutIn, RowOperand.Of(Rows, rows, features), Head, Logits, accumulate: false);
            if (Bias is not null)
            {
                BiasKernels.AddRow(Logits, rows, weight.Rows, Bias.View);
            }

            bool trains = HeadTrains || BiasTrains || HiddenGradient != null;
            var job = new CrossEntropyKernels.Job
            {
                Logits = Logits,
                Gradient = trains ? Logits : null,
                Columns = weight.Rows,
                Indices = indices,
                Targets = targets,
                Losses = losses,
                Scale = Scale,
                Smoothing = Smoothing,
            };
            OpProfile.Count(0, (trains ? 4.0 : 2.0) * sizeof(float) * rows * weight.Rows);
            Lanes.Run(rows, job);
            Backward(indices, segments);
        }

        private readonly void Backward(int* indices, ReadOnlySpan<int> segments)
        {
            int rows = segments[^1];
            int features = Hidden.Columns;
            WeightView weight = Head.View;
            if (BiasTrains)
            {
                BiasKernels.AccumulateColumnSums(Logits, weight.Rows, segments, Bias!.Gradient);
            }

            if (HeadTrains)
            {
                LinearProduct.AccumulateGradient(Tape, weight.Rows, features, Logits, Rows, Head.Gradient, segments);
            }

            if (HiddenGradient != null)
            {
                LinearProduct.MultiplyBack(Tape, LinearLayout.OutIn, RowOperand.Of(Logits, rows, weight.Rows), Head, Rows, accumulate: false);
                for (int i = 0; i < rows; i++)
                {
                    VectorKernels.Add(HiddenGradient + ((long)indices[i] * features), Rows + ((long)i * features), features);
                }
            }
        }
    }
}
