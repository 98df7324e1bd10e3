using Graft.Tensors;
using Xunit;

namespace Graft.Models.Tests.Families;

/// <summary>What must hold for every family, checked on a small model with random weights.</summary>
internal static unsafe class FamilyCheck
{
    private static readonly int[][] Texts = [[5, 1, 7, 2, 9, 3, 3, 8, 4], [6, 2, 0, 1, 11]];
    private static readonly int[][] Sources = [[7, 3, 10], [1, 8, 2, 5, 5, 4, 9]];

    /// <summary>A small model. Its weights are large, so that every part matters.</summary>
    public static CausalLanguageModel Create(string config, ulong seed = 3) => CausalLanguageModel.Create(ConfigReader.Parse(config), seed);

    /// <summary>Logits of all tokens of two sequences in one batch.</summary>
    public static float[] Logits(LanguageModel model)
    {
        using var tape = new Tape();
        var context = new ForwardContext(tape);
        AddTexts(context, model);
        return model.Logits(context, model.Forward(context)).Span.ToArray();
    }

    /// <summary>Decoding with a cache, a prompt first and then token by token, gives the logits of one pass over the whole text.</summary>
    public static void DecodingGivesTheSameLogits(CausalLanguageModel model)
    {
        float[] expected = Logits(model);
        int vocabulary = model.Config.VocabularySize;
        using var tape = new Tape();
        int start = 0;
        foreach (int[] text in Texts)
        {
            using var cache = new KeyValueCache(model.Config.LayerCount, model.Config.KeyValueWidth, model.Config.KeyValueWidth);
            int[] slots = [cache.AddSequence()];
            var context = new ForwardContext(tape) { Cache = cache };
            for (int first = 0, count = 3; first < text.Length; first += count, count = 1)
            {
                tape.Reset();
                context.Begin();
                context.AddSequence(text.AsSpan(first, count), first);
                cache.SlotsOfStep = slots;
                float[] logits = model.Logits(context, model.Forward(context)).Span.ToArray();
                cache.Commit();
                AssertClose(expected.AsSpan((start + first) * vocabulary, count * vocabulary), logits, 2e-5);
            }

            start += text.Length;
        }
    }

    /// <summary>The same for an encoder-decoder, whose sources are encoded once; both sequences run side by side.</summary>
    public static void DecodingGivesTheSameLogits(Seq2SeqLanguageModel model)
    {
        float[] expected = Logits(model);
        int vocabulary = model.Config.VocabularySize;
        using var tape = new Tape();
        using var cache = new KeyValueCache(model.Config.LayerCount, model.Config.KeyValueWidth, model.Config.KeyValueWidth);
        using var sources = new KeyValueCache(model.Config.LayerCount, model.Config.KeyValueWidth, model.Config.KeyValueWidth);
        var context = new ForwardContext(tape) { Cache = cache, SourceCache = sources };
        Array.ForEach(Sources, source => context.AddSource(source));
        sources.SlotsOfStep = [.. Sources.Select(_ => sources.AddSequence())];
        model.CacheSources(context);
        int[] slots = [cache.AddSequence(), cache.AddSequence()];
        for (int first = 0, count = 3; first < Texts[0].Length; first += count, count = 1)
        {
            // The shorter text leaves first.
            int running = first < Texts[1].Length ? 2 : 1;
            tape.Reset();
            context.Begin();
            for (int i = 0; i < running; i++)
            {
                context.AddSequence(Texts[i].AsSpan(first, count), first);
            }

            cache.SlotsOfStep = slots.AsSpan(0, running);
            context.SourceSlots = sources.SlotsOfStep[..running].ToArray();
            float[] logits = model.Logits(context, model.Forward(context)).Span.ToArray();
            cache.Commit();
            for (int i = 0; i < running; i++)
            {
                int start = (i == 0 ? 0 : Texts[0].Length) + first;
                AssertClose(expected.AsSpan(start * vocabulary, count * vocabulary), logits.AsSpan(i * count * vocabulary, count * vocabulary), 2e-5);
            }
        }
    }

    /// <summary>The gradient of some elements of every weight agrees with a central difference; the same with recomputed blocks.</summary>
    public static void GradientsAreDerivatives(LanguageModel model)
    {
        (string Name, WeightSlot Slot)[] weights = [.. model.DistinctWeights()];
        using var buffer = new ParameterBuffer([.. weights.Select(weight => weight.Slot.Original)]);
        Loss(model, backward: true, checkpointing: false);
        float[][] gradients = [.. weights.Select(weight => Gradient(weight.Slot.Original))];
        foreach ((string Name, WeightSlot Slot) weight in weights)
        {
            new Span<float>(weight.Slot.Original.Gradient, (int)weight.Slot.Original.Count).Clear();
        }

        Loss(model, backward: true, checkpointing: true);
        for (int i = 0; i < weights.Length; i++)
        {
            Parameter parameter = weights[i].Slot.Original;
            Assert.Equal(gradients[i], Gradient(parameter));
            AssertDerivatives(model, weights[i].Name, parameter, gradients[i]);
        }
    }

    private static void AssertDerivatives(LanguageModel model, string name, Parameter parameter, float[] gradient)
    {
        const float Step = 4e-3f;
        float* data = (float*)parameter.Data;

        // The elements with the largest gradients say most, and one in the middle guards against gradients that are all too small.
        int[] largest = [.. Enumerable.Range(0, gradient.Length).OrderByDescending(i => Math.Abs(gradient[i])).Take(2).Append(gradient.Length / 2)];
        foreach (int i in largest)
        {
            float before = data[i];
            data[i] = before + Step;
            double above = Loss(model, backward: false, checkpointing: false);
            data[i] = before - Step;
            double below = Loss(model, backward: false, checkpointing: false);
            data[i] = before;
            double expected = (above - below) / (2 * Step);
            Assert.True(Math.Abs(expected - gradient[i]) < 2e-3 + (0.02 * Math.Abs(expected)), $"{name}[{i}]: the gradient is {gradient[i]}, the difference says {expected}");
        }
    }

    private static double Loss(LanguageModel model, bool backward, bool checkpointing)
    {
        using var tape = new Tape { Mode = backward ? TapeMode.Recording : TapeMode.Inference };
        var context = new ForwardContext(tape) { GradientCheckpointing = checkpointing };
        AddTexts(context, model);
        int[] targets = [.. Texts.SelectMany(text => text.Skip(1).Append(-100))];
        LossSum loss = model.Loss(context, model.Forward(context), targets, 1.0 / targets.Length);
        if (backward)
        {
            tape.Backward();
        }

        return loss.Sum / targets.Length;
    }

    private static void AddTexts(ForwardContext context, LanguageModel model)
    {
        Array.ForEach(Texts, text => context.AddSequence(text));
        if (model is Seq2SeqLanguageModel)
        {
            Array.ForEach(Sources, source => context.AddSource(source));
        }
    }

    private static float[] Gradient(Parameter parameter) => new ReadOnlySpan<float>(parameter.Gradient, (int)parameter.Count).ToArray();

    /// <summary>Element by element within a tolerance.</summary>
    public static void AssertClose(ReadOnlySpan<float> expected, ReadOnlySpan<float> actual, double tolerance)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (int i = 0; i < expected.Length; i++)
        {
            Assert.Equal(expected[i], actual[i], tolerance * (1 + Math.Abs(expected[i])));
        }
    }
}
