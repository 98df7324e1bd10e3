namespace Graft.Training.Data;

/// <summary>A token as a reader sees it.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Text">
/// The characters it adds to those of the tokens before it; empty for tokens that are not in the text, and for the later tokens of a
/// character that takes several.
/// </param>
/// <param name="Trained">Whether it is learnt; the first token never is, because nothing comes before it.</param>
public readonly record struct PreviewToken(int Id, string Text, bool Trained);

/// <summary>What the model will see of one row.</summary>
/// <param name="Source">The row.</param>
/// <param name="Text">The rendered text; null for rows of token ids.</param>
/// <param name="Spans">The characters of <paramref name="Text"/> that each column produced, in code points.</param>
/// <param name="Tokens">Its tokens after the length limit.</param>
/// <param name="Length">Number of tokens before the length limit.</param>
/// <param name="LeftOut">Why the sample would be left out; null when it is trained on.</param>
public sealed record SamplePreview(
    RowSource Source, string? Text, IReadOnlyList<TextSpan> Spans, IReadOnlyList<PreviewToken> Tokens, int Length, string? LeftOut)
{
    /// <summary>Shows <paramref name="row"/> as training would see it. Length statistics are those of <see cref="TokenizedDataSet"/>.</summary>
    /// <param name="row">The row.</param>
    /// <param name="template">How it becomes a text; null for rows of token ids.</param>
    /// <param name="encoder">Makes tokens of texts.</param>
    /// <param name="options">What is learnt, how long samples may be.</param>
    /// <exception cref="InvalidDataException">The row does not fit the template, or a policy says to stop.</exception>
    public static SamplePreview Of(Row row, SampleTemplate? template, ITextEncoder encoder, SampleOptions options)
    {
        ArgumentNullException.ThrowIfNull(row);
        ArgumentNullException.ThrowIfNull(encoder);
        ArgumentNullException.ThrowIfNull(options);
        var tokenizer = new SampleTokenizer(template, encoder, options);
        RenderedSample? rendered = template?.Render(row, options.Nulls);
        TokenizedSample sample;
        string[] texts;
        if (rendered is null)
        {
            sample = tokenizer.Tokenize(row);
            texts = new string[sample.Length + (sample.SourceIds?.Length ?? 0)];
            Array.Fill(texts, string.Empty);
        }
        else
        {
            (sample, (int, int)[] offsets) = tokenizer.TokenizeText(rendered, row.Source);
            texts = Texts(rendered.Text, offsets);
        }

        var fitter = new SampleFitter(options);
        TokenizedSample? fitted = fitter.Fit(sample);
        string? leftOut = fitted is null ? fitter.Report.TooLong.Concat(fitter.Report.Untrainable).First().Reason : null;
        TokenizedSample shown = fitted ?? sample;
        return new SamplePreview(
            row.Source,
            rendered?.Text,
            rendered?.Spans ?? [],
            TokensOf(sample, shown, texts, options.TruncationMode == TruncationMode.KeepEnd),
            sample.Length,
            leftOut);
    }

    /// <summary>Shows the first <paramref name="count"/> rows of <paramref name="data"/>.</summary>
    /// <exception cref="ArgumentException">No template, and no column that could stand for one.</exception>
    /// <exception cref="InvalidDataException">A row does not fit the template, or a policy says to stop.</exception>
    public static IReadOnlyList<SamplePreview> First(int count, DataSet data, SampleTemplate? template, ITextEncoder encoder, SampleOptions options)
    {
        ArgumentNullException.ThrowIfNull(data);
        SampleTemplate? chosen = TokenizedDataSet.TemplateFor(data, template);
        return [.. data.Rows.Take(count).Select(row => Of(row, chosen, encoder, options))];
    }

    /// <summary>The tokens of a text; with a source those that are read, then those that are to be written.</summary>
    private static PreviewToken[] TokensOf(TokenizedSample whole, TokenizedSample shown, string[] texts, bool keepEnd)
    {
        if (shown.SourceIds is not { } source)
        {
            int first = keepEnd ? whole.Length - shown.Length : 0;
            return [.. shown.InputIds.Select((id, i) => new PreviewToken(id, texts[first + i], i > 0 && shown.Labels[i] != TokenizedSample.Ignored))];
        }

        int sourceLength = whole.SourceIds!.Length;
        int firstOfSource = keepEnd ? sourceLength - source.Length : 0;
        return
        [
            .. source.Select((id, i) => new PreviewToken(id, texts[firstOfSource + i], Trained: false)),
            .. shown.Labels.Select((label, i) => new PreviewToken(Math.Max(label, 0), texts[sourceLength + i], label != TokenizedSample.Ignored)),
        ];
    }

    private static string[] Texts(string text, (int Start, int End)[] offsets)
    {
        int[] indexes = CodePoints.IndexesIn(text);
        string[] texts = new string[offsets.Length];
        int shown = 0;
        for (int i = 0; i < offsets.Length; i++)
        {
            // What lies between two tokens (a space that the tokenizer drops) is shown with the later one.
            int end = Math.Max(offsets[i].End, shown);
            texts[i] = text[indexes[shown]..indexes[end]];
            shown = end;
        }

        return texts;
    }
}
