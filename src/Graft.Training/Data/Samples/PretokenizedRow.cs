using Graft.Models;

namespace Graft.Training.Data;

/// <summary>
/// Reads rows that hold token ids already: <c>input_ids</c>, and <c>labels</c>, which are taken as they are, or masks: <c>completion_mask</c>
/// counts when only completions are learnt, <c>assistant_masks</c> always; a token must be allowed by both.
/// </summary>
internal static class PretokenizedRow
{
    /// <summary>The column that makes a data set one of token ids.</summary>
    public const string InputIds = "input_ids";

    /// <summary>The sample in <paramref name="row"/>.</summary>
    /// <exception cref="InvalidDataException">A value that is no list of integers, or lists of different lengths.</exception>
    public static TokenizedSample Read(Row row, bool completionOnly)
    {
        int[] ids = Integers(row, InputIds) ?? throw BadData.At(row.Source, $"'{InputIds}' is null");
        if (Integers(row, "labels") is { } labels)
        {
            SameLength(row, "labels", ids, labels);
            return new TokenizedSample(ids, labels, row.Source);
        }

        labels = [.. ids];
        if (completionOnly)
        {
            int[] mask = Integers(row, "completion_mask") ?? throw BadData.At(row.Source, "completion_only_loss needs a 'completion_mask' beside 'input_ids'");
            Mask(row, "completion_mask", mask, labels);
        }

        if (Integers(row, "assistant_masks") is { } assistant)
        {
            Mask(row, "assistant_masks", assistant, labels);
        }

        return new TokenizedSample(ids, labels, row.Source);
    }

    /// <summary>The sample of an encoder-decoder: <c>input_ids</c> are read, <c>labels</c> written, -100 for those that are not learnt.</summary>
    /// <exception cref="InvalidDataException">A column is missing, empty or no list of integers.</exception>
    public static TokenizedSample ReadSource(Row row, Seq2SeqConfig model)
    {
        int[] ids = Integers(row, InputIds) ?? throw BadData.At(row.Source, $"'{InputIds}' is null");
        int[] labels = Integers(row, "labels") ?? throw BadData.At(row.Source, $"an encoder-decoder needs 'labels', the tokens to write, beside '{InputIds}', those to read");
        return ids.Length == 0 || labels.Length == 0
            ? throw BadData.At(row.Source, $"'{InputIds}' and 'labels' must hold at least one token each")
            : TokenizedSample.ForSource(ids, labels, model, row.Source);
    }

    private static void Mask(Row row, string column, int[] mask, int[] labels)
    {
        SameLength(row, column, labels, mask);
        for (int i = 0; i < labels.Length; i++)
        {
            labels[i] = mask[i] == 0 ? TokenizedSample.Ignored : labels[i];
        }
    }

    private static void SameLength(Row row, string column, int[] ids, int[] values)
    {
        if (ids.Length != values.Length)
        {
            throw BadData.At(row.Source, $"'{column}' has {values.Length} elements, but '{InputIds}' has {ids.Length}");
        }
    }

    private static int[]? Integers(Row row, string column)
    {
        if (!row.TryGetValue(column, out object? value) || value is null)
        {
            return null;
        }

        if (value is not IReadOnlyList<object?> items)
        {
            throw BadData.At(row.Source, $"'{column}' is not a list of integers");
        }

        int[] integers = new int[items.Count];
        for (int i = 0; i < integers.Length; i++)
        {
            integers[i] = items[i] is long integer and >= int.MinValue and <= int.MaxValue
                ? (int)integer
                : throw BadData.At(row.Source, $"'{column}'[{i}] is not an integer of 32 bits");
        }

        return integers;
    }
}
