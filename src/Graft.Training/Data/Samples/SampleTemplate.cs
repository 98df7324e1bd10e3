namespace Graft.Training.Data;

/// <summary>The text of a sample, and where its completion begins.</summary>
/// <param name="Text">Prompt and completion as one text.</param>
/// <param name="CompletionStart">Index into <paramref name="Text"/> of the completion's first character; null when nothing tells it apart.</param>
/// <param name="Spans">The characters that each column produced, in code points.</param>
public sealed record RenderedSample(string Text, int? CompletionStart, IReadOnlyList<TextSpan> Spans);

/// <summary>How a row becomes the text of a sample: one template, or one for the prompt and one for the completion.</summary>
public sealed class SampleTemplate
{
    private readonly Template _first;
    private readonly Template? _completion;

    private SampleTemplate(Template first, Template? completion)
    {
        _first = first;
        _completion = completion;
    }

    /// <summary>One template. All of it is learnt, or with a completion mark <c>{|}</c> what follows the mark.</summary>
    public static SampleTemplate OfText(Template template)
    {
        ArgumentNullException.ThrowIfNull(template);
        return new SampleTemplate(template, null);
    }

    /// <summary>A template for the prompt, which is given, and one for the completion, which is learnt.</summary>
    /// <exception cref="ArgumentException">A template has a completion mark, which would say it twice.</exception>
    public static SampleTemplate OfPromptAndCompletion(Template prompt, Template completion)
    {
        ArgumentNullException.ThrowIfNull(prompt);
        ArgumentNullException.ThrowIfNull(completion);
        return prompt.HasCompletionMark || completion.HasCompletionMark
            ? throw new ArgumentException("the completion begins where its template begins: remove the mark {|}")
            : new SampleTemplate(prompt, completion);
    }

    /// <summary>The template that the usual column names ask for: <c>prompt</c> and <c>completion</c>, or a text column.</summary>
    /// <param name="columns">The data set's columns.</param>
    /// <param name="textField">The text column (TRL's <c>dataset_text_field</c>).</param>
    /// <exception cref="ArgumentException">Neither is there.</exception>
    public static SampleTemplate OfColumns(IReadOnlyList<string> columns, string textField = "text")
    {
        ArgumentNullException.ThrowIfNull(columns);
        if (columns.Contains("prompt") && columns.Contains("completion"))
        {
            return OfPromptAndCompletion(Template.OfColumn("prompt"), Template.OfColumn("completion"));
        }

        return columns.Contains(textField)
            ? OfText(Template.OfColumn(textField))
            : throw new ArgumentException(
                $"the data has neither prompt and completion nor a column '{textField}'{NearestName.Suggestion(textField, columns)}; columns: {string.Join(", ", columns)}; give a template", nameof(columns));
    }

    /// <summary>The sample's text.</summary>
    /// <exception cref="InvalidDataException">A column that the data set lacks, or a null where <paramref name="nulls"/> forbids it.</exception>
    public RenderedSample Render(Row row, NullPolicy nulls = NullPolicy.Fail)
    {
        RenderedText first = _first.Render(row, nulls);
        if (_completion is null)
        {
            return new RenderedSample(first.Text, first.CompletionStart, first.Spans);
        }

        RenderedText completion = _completion.Render(row, nulls);
        int shift = CodePoints.CountIn(first.Text);
        return new RenderedSample(
            first.Text + completion.Text,
            first.Text.Length,
            [.. first.Spans, .. completion.Spans.Select(span => span with { Start = span.Start + shift, End = span.End + shift })]);
    }
}
