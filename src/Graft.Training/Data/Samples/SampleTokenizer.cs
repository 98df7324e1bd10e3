using Graft.Models;

namespace Graft.Training.Data;

/// <summary>Turns rows into token ids and labels, before any length limit.</summary>
/// <remarks>
/// Prompt and completion are tokenised as one text, as they will be met when the model is used. The completion begins at the end of the
/// longest common token prefix with the prompt alone, so a token merged across the border is learnt (TRL).
/// </remarks>
public sealed class SampleTokenizer
{
    private readonly SampleTemplate? _template;
    private readonly ITextEncoder _encoder;
    private readonly SampleOptions _options;

    /// <summary>Makes a tokenizer of samples.</summary>
    /// <param name="template">How rows become texts; null for rows of token ids (<c>input_ids</c>, with <c>labels</c> or <c>completion_mask</c> if wanted).</param>
    /// <param name="encoder">Makes tokens of texts.</param>
    /// <param name="options">What is learnt and what is refused.</param>
    public SampleTokenizer(SampleTemplate? template, ITextEncoder encoder, SampleOptions options)
    {
        ArgumentNullException.ThrowIfNull(encoder);
        ArgumentNullException.ThrowIfNull(options);
        _template = template;
        _encoder = encoder;
        _options = options;
    }

    /// <summary>Ids and labels of <paramref name="row"/>.</summary>
    /// <exception cref="InvalidDataException">The row does not fit the template, or has ids that the model does not know.</exception>
    public TokenizedSample Tokenize(Row row)
    {
        ArgumentNullException.ThrowIfNull(row);
        return _template is not null ? TokenizeText(_template.Render(row, _options.Nulls), row.Source).Sample
            : _options.EncoderDecoder is { } model ? Checked(PretokenizedRow.ReadSource(row, model))
            : Checked(PretokenizedRow.Read(row, _options.CompletionOnlyLoss ?? false));
    }

    /// <summary>Ids, labels and offsets of a rendered text; with a source its offsets come first.</summary>
    internal (TokenizedSample Sample, (int Start, int End)[] Offsets) TokenizeText(RenderedSample rendered, RowSource source)
    {
        if (_options.EncoderDecoder is { } model)
        {
            return TokenizeSource(rendered, source, model);
        }

        EncodedText encoded = _encoder.Encode(rendered.Text);
        (int[] ids, (int, int)[] offsets) = AppendEos(encoded, rendered.Text);
        int[] labels = [.. ids];
        if (rendered.CompletionStart is { } start && (_options.CompletionOnlyLoss ?? true))
        {
            int[] prompt = _encoder.Encode(rendered.Text[..start]).Ids;
            labels.AsSpan(0, prompt.AsSpan().CommonPrefixLength(ids)).Fill(TokenizedSample.Ignored);
        }

        return (Checked(new TokenizedSample(ids, labels, source)), offsets);
    }

    /// <summary>The prompt is what the encoder reads, the completion what the decoder writes, each a text of its own.</summary>
    private (TokenizedSample Sample, (int Start, int End)[] Offsets) TokenizeSource(RenderedSample rendered, RowSource source, Seq2SeqConfig model)
    {
        int border = rendered.CompletionStart
            ?? throw BadData.At(source, "an encoder-decoder reads a prompt and writes a completion, but the row has one text only: give a prompt and a completion column, or templates for both");
        (string read, string completion) = (rendered.Text[..border], rendered.Text[border..]);
        EncodedText prompt = _encoder.Encode(read);
        (int[] labels, (int Start, int End)[] offsets) = AppendEos(_encoder.Encode(completion), completion);
        int shift = CodePoints.CountIn(read);
        TokenizedSample sample = Checked(TokenizedSample.ForSource(prompt.Ids, labels, model, source));
        return prompt.Ids.Length == 0
            ? throw BadData.At(source, "the prompt is empty: an encoder-decoder needs something to read")
            : (sample, [.. prompt.Offsets, .. offsets.Select(offset => (offset.Start + shift, offset.End + shift))]);
    }

    private (int[] Ids, (int Start, int End)[] Offsets) AppendEos(EncodedText encoded, string text)
    {
        if (!_options.AppendEos || _encoder.EosTokenId is not { } eos || (encoded.Ids.Length > 0 && encoded.Ids[^1] == eos))
        {
            return (encoded.Ids, encoded.Offsets);
        }

        int end = CodePoints.CountIn(text);
        return ([.. encoded.Ids, eos], [.. encoded.Offsets, (end, end)]);
    }

    private TokenizedSample Checked(TokenizedSample sample)
    {
        Check(sample.InputIds, "token", sample.Source);
        Check(sample.SourceIds ?? [], "source token", sample.Source);
        if (sample.SourceIds is not null)
        {
            Check([.. sample.Labels.Where(label => label != TokenizedSample.Ignored)], "label", sample.Source);
        }

        return sample;
    }

    private void Check(ReadOnlySpan<int> ids, string what, RowSource source)
    {
        int size = _options.VocabularySize ?? int.MaxValue;
        int position = ids.IndexOfAnyExceptInRange(0, size - 1);
        if (position >= 0)
        {
            throw BadData.At(
                source,
                $"{what} {position} has id {ids[position]}, but the model's embedding has {size} rows: the tokenizer belongs to another model, or the embedding must be resized");
        }
    }
}
