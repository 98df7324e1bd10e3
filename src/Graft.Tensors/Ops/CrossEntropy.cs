using Graft.Tensors.Kernels;

namespace Graft.Tensors;

public static unsafe partial class Op
{
    /// <summary>Softmax cross-entropy of logits that exist already: of a head with an adapter, or of a classifier.</summary>
    /// <remarks>Where the tape records, the gradient of the logits is put in place in the same pass; <see cref="Tape.Backward"/> goes on from it.</remarks>
    /// <param name="tape">The tape.</param>
    /// <param name="logits">[tokens, classes].</param>
    /// <param name="targets">One a row, already shifted; -100 for none.</param>
    /// <param name="scale">Factor of the gradient: one over the number of counted tokens of the whole accumulation window.</param>
    /// <param name="labelSmoothing">Share of the target, in [0, 1), that is spread over all classes.</param>
    /// <param name="tokenLosses">Receives the loss of each row, 0 where none; empty if nobody asks.</param>
    /// <returns>Sum, without the scale, and number of rows counted.</returns>
    /// <exception cref="ArgumentException">A target is not a class, or a length is not the number of rows.</exception>
    public static LossSum CrossEntropy(
        Tape tape, Tensor logits, ReadOnlySpan<int> targets, double scale, float labelSmoothing = 0, Span<float> tokenLosses = default)
    {
        using OpProfile.Span span = OpProfile.Measure("cross-entropy");
        RequireLossArguments(logits, labelSmoothing, tokenLosses);
        using var labelled = new LabelledRows(tape, logits.Sequences, targets, logits.Columns);
        float* gradient = null;
        if (labelled.Count > 0 && logits.RequiresGrad && tape.Recording)
        {
            gradient = tape.GradientOrZeros(logits);
        }

        fixed (int* target = targets)
        {
            var job = new CrossEntropyKernels.Job
            {
                Logits = logits.Data,
                Gradient = gradient,
                Accumulate = true,
                Columns = logits.Columns,
                Indices = labelled.Indices,
                AllRows = true,
                Targets = target,
                Losses = labelled.Losses,
                Scale = (float)scale,
                Smoothing = labelSmoothing,
            };
            Lanes.Run(labelled.Count, job);
        }

        return labelled.Sum(tokenLosses);
    }

    private static void RequireLossArguments(Tensor input, float labelSmoothing, Span<float> tokenLosses)
    {
        if (labelSmoothing is not (>= 0 and < 1))
        {
            throw new ArgumentException($"a label smoothing of {labelSmoothing} is outside [0, 1)", nameof(labelSmoothing));
        }

        if (!tokenLosses.IsEmpty && tokenLosses.Length != input.Rows)
        {
            throw new ArgumentException($"there is room for {tokenLosses.Length} token losses, not for {input.Rows}", nameof(tokenLosses));
        }
    }
}
