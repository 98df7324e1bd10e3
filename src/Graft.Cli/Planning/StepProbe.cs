using System.Diagnostics;
using Graft.Models;
using Graft.Peft;
using Graft.Tensors;
using Graft.Training;
using Graft.Training.Data;

namespace Graft.Cli.Planning;

/// <summary>What a training step of a small model took.</summary>
/// <param name="Layers">Layers of the model.</param>
/// <param name="SavedBytes">Step memory in use when the forward pass has reached the head.</param>
/// <param name="BodyPeakBytes">Most step memory in use, apart from the head's own.</param>
/// <param name="Seconds">Time of the step.</param>
/// <param name="BodyWeights">Weights of the matrices that every token is multiplied by, the head's excepted.</param>
internal sealed record StepProbe(int Layers, long SavedBytes, long BodyPeakBytes, double Seconds, long BodyWeights)
{
    /// <summary>Runs steps on a model of a few layers.</summary>
    /// <param name="model">The model to be trained, with its adapter.</param>
    /// <param name="layers">How many layers to measure with.</param>
    /// <param name="samples">The batch.</param>
    /// <param name="arguments">Whether blocks are recomputed, and what products compute in.</param>
    /// <param name="seconds">Time after which no further step is begun; the fastest step counts.</param>
    public static StepProbe Run(PeftModel model, int layers, IReadOnlyList<TokenizedSample> samples, TrainingArguments arguments, double seconds)
    {
        using PeftModel probe = ProbeModel.Create(model, layers);
        using var buffer = new ParameterBuffer([.. probe.TrainableParameters().Select(trainable => trainable.Parameter)]);
        using var tape = new Tape { Precision = arguments.Bf16 ? ComputePrecision.BFloat16 : ComputePrecision.Float32 };
        var batch = new MicroBatch(tape);
        foreach (TokenizedSample sample in samples)
        {
            int[]? source = sample.SourceIds is { } ids ? [.. ids.Select(Known)] : null;
            batch.Add(sample with { InputIds = [.. sample.InputIds.Select(Known)], Labels = [.. sample.Labels.Select(Known)], SourceIds = source }, key: 0);
        }

        long body = ProbeModel.Blocks(probe).SelectMany(block => block.NamedWeights()).Where(weight => weight.Slot.Original.Shape.Length == 2).Sum(weight => weight.Slot.Original.Count);
        long started = Stopwatch.GetTimestamp();
        StepProbe best = Step(probe, batch, arguments.GradientCheckpointing);
        while (Stopwatch.GetElapsedTime(started).TotalSeconds < seconds)
        {
            StepProbe next = Step(probe, batch, arguments.GradientCheckpointing);
            best = next.Seconds < best.Seconds ? next : best;
        }

        return best with { Layers = layers, BodyWeights = body };
    }

    private static int Known(int id) => id < 0 ? id : id % ProbeModel.VocabularySize;

    private static StepProbe Step(PeftModel probe, MicroBatch batch, bool checkpointing)
    {
        ForwardContext context = batch.Context;
        Tape tape = context.Tape;
        tape.Reset();
        tape.Mode = TapeMode.Recording;
        context.Training = true;
        context.GradientCheckpointing = checkpointing;
        tape.Arena.ResetPeak();
        long start = Stopwatch.GetTimestamp();
        Tensor hidden = probe.Base.Forward(context);
        long forwardPeak = tape.Arena.PeakBytes;
        long saved = tape.Arena.BytesInUse;
        probe.Base.Loss(context, hidden, batch.Targets, scale: 1.0 / Math.Max(1, batch.TrainableTokens));
        tape.Arena.ResetPeak();
        tape.Backward();
        return new StepProbe(0, saved, Math.Max(forwardPeak, tape.Arena.PeakBytes), Stopwatch.GetElapsedTime(start).TotalSeconds, 0);
    }
}
