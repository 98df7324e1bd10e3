using Graft.Models;
using Graft.Training.Data;

namespace Graft.Training;

/// <summary>Makes sure that samples fit a model, before a run finds out in the middle.</summary>
internal static class SampleCheck
{
    /// <summary>Checks lengths, token ids and labels.</summary>
    /// <param name="model">The model.</param>
    /// <param name="samples">The samples.</param>
    /// <exception cref="ArgumentException">A sample that does not fit; the message names its row.</exception>
    public static void RequireFit(LanguageModel model, IReadOnlyList<TokenizedSample> samples)
    {
        int vocabulary = model.Config.VocabularySize;
        int positions = model.Config.MaximumPositions ?? int.MaxValue;
        foreach (TokenizedSample sample in samples)
        {
            if (sample.Length == 0 || sample.Labels.Length != sample.Length)
            {
                throw new ArgumentException($"{sample.Source}: a sample needs at least one token and a label for each, but this one has {sample.Length} tokens and {sample.Labels.Length} labels");
            }

            if (sample.Length > positions)
            {
                throw new ArgumentException($"{sample.Source}: {sample.Length} tokens, but the model has {positions} positions: set max_length to {positions} or less");
            }

            if (sample.InputIds.AsSpan().IndexOfAnyExceptInRange(0, vocabulary - 1) is >= 0 and var place)
            {
                throw new ArgumentException($"{sample.Source}: token {place} has id {sample.InputIds[place]}, but the model knows {vocabulary} tokens: the tokenizer belongs to another model, or the embedding must be resized");
            }

            RequireLabels(sample, vocabulary);
        }
    }

    private static void RequireLabels(TokenizedSample sample, int vocabulary)
    {
        for (int i = 0; i < sample.Length; i++)
        {
            if (sample.Labels[i] != TokenizedSample.Ignored && (uint)sample.Labels[i] >= (uint)vocabulary)
            {
                throw new ArgumentException($"{sample.Source}: label {i} is {sample.Labels[i]}, but the model knows {vocabulary} tokens; labels that do not count are {TokenizedSample.Ignored}");
            }
        }
    }
}
