using Graft.Tensors;

namespace Graft.Models.Tests;

/// <summary>Runs models for tests.</summary>
internal static unsafe class ModelRun
{
    /// <summary>Token ids for a sequence of some length.</summary>
    public static int[] Tokens(int length, int seed = 1) => [.. Enumerable.Range(0, length).Select(i => 3 + (((i * 17) + (seed * 29)) % (SmallModel.Vocabulary - 3)))];

    /// <summary>Logits of all tokens of one sequence.</summary>
    public static float[] Logits(LanguageModel model, params int[] ids) => Logits(model, new[] { ids });

    /// <summary>Logits of all tokens of several sequences in one batch, one after the other.</summary>
    public static float[] Logits(LanguageModel model, int[][] sequences)
    {
        using var tape = new Tape { Mode = TapeMode.Inference };
        var context = new ForwardContext(tape);
        foreach (int[] ids in sequences)
        {
            context.AddSequence(ids);
        }

        return model.Logits(context, model.Forward(context)).Span.ToArray();
    }

    /// <summary>Logits of the last token, token by token with a cache.</summary>
    public static float[] LogitsWithCache(LanguageModel model, int[] ids, int prefill)
    {
        using var cache = new KeyValueCache(model.Config.LayerCount, model.Config.KeyValueWidth, model.Config.KeyValueWidth);
        using var tape = new Tape { Mode = TapeMode.Inference };
        var context = new ForwardContext(tape) { Cache = cache };
        int[] slots = [cache.AddSequence()];
        float[] last = [];
        for (int fed = 0; fed < ids.Length; fed = fed == 0 ? prefill : fed + 1)
        {
            tape.Reset();
            context.Begin();
            context.AddSequence(ids.AsSpan(fed..(fed == 0 ? prefill : fed + 1)), firstPosition: fed);
            cache.SlotsOfStep = slots;
            Tensor logits = model.Logits(context, model.Forward(context));
            last = logits.Row(logits.Rows - 1).ToArray();
            cache.Commit();
        }

        return last;
    }

    /// <summary>The mean loss of predicting each next token, and the gradients of all weights end to end.</summary>
    /// <param name="model">The model; all its weights are trained.</param>
    /// <param name="sequences">Token ids.</param>
    /// <param name="gradientCheckpointing">Whether blocks are recomputed.</param>
    /// <param name="training">Whether dropout acts.</param>
    public static (double Loss, float[] Gradients) Gradients(LanguageModel model, int[][] sequences, bool gradientCheckpointing = false, bool training = false)
    {
        using var buffer = new ParameterBuffer([.. model.DistinctWeights().Select(weight => weight.Slot.Original)]);
        using var tape = new Tape { Mode = TapeMode.Recording, RandomSeed = 5 };
        var context = new ForwardContext(tape) { GradientCheckpointing = gradientCheckpointing, Training = training };
        var targets = new List<int>();
        foreach (int[] ids in sequences)
        {
            context.AddSequence(ids, key: (ulong)ids[0]);
            targets.AddRange(ids.Skip(1).Append(-100));
        }

        LossSum loss = model.Loss(context, model.Forward(context), targets.ToArray(), scale: 1.0 / 16);
        tape.Backward();
        return (loss.Sum, new Span<float>(buffer.Gradients, (int)buffer.Count).ToArray());
    }

    /// <summary>Fails where two arrays differ by more than <paramref name="tolerance"/>, relative to values above one.</summary>
    public static void AssertClose(ReadOnlySpan<double> expected, ReadOnlySpan<float> actual, double tolerance)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (int i = 0; i < expected.Length; i++)
        {
            Assert.True(Math.Abs(expected[i] - actual[i]) <= tolerance * Math.Max(1, Math.Abs(expected[i])), $"[{i}]: expected {expected[i]:R}, got {actual[i]:R}");
        }
    }
}
