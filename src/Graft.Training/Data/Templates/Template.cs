namespace Graft.Training.Data;

/// <summary>
/// A text with placeholders for the columns of a row: <c>“{quote}” ->: {tags}</c>.
/// </summary>
/// <remarks>
/// <list type="bullet">
/// <item><c>{column}</c> is the column's value; <c>{a.b}</c> the value under key <c>b</c> of the object in column <c>a</c>, and
/// <c>{a.0}</c> the first element of a list. A column whose name has a dot or a bar in it wins over a path.</item>
/// <item><c>{tags|; }</c> puts <c>"; "</c> between the elements of a list (<c>\n</c> and <c>\t</c> are understood); without it <c>", "</c>.</item>
/// <item><c>{{</c> and <c>}}</c> are braces.</item>
/// <item><c>{|}</c> marks where the completion begins: only what follows is learnt.</item>
/// </list>
/// Numbers and booleans are written as Python writes them (<c>1.0</c>, <c>True</c>); objects as JSON.
/// </remarks>
public sealed class Template
{
    private readonly List<TemplatePart> _parts;

    private Template(string source, List<TemplatePart> parts)
    {
        Source = source;
        _parts = parts;
    }

    /// <summary>The template as written.</summary>
    public string Source { get; }

    /// <summary>The columns and paths that the template asks for, each once.</summary>
    public IReadOnlyList<string> Columns => [.. _parts.OfType<ValuePart>().Select(part => part.Name).Distinct()];

    /// <summary>Whether the template has a completion mark.</summary>
    public bool HasCompletionMark => _parts.Exists(part => part is CompletionPart);

    /// <summary>Reads a template.</summary>
    /// <exception cref="ArgumentException">A brace without its partner, an empty placeholder, or two completion marks.</exception>
    public static Template Parse(string source)
    {
        ArgumentNullException.ThrowIfNull(source);
        return new Template(source, TemplateParser.Parse(source));
    }

    /// <summary>A template that is one column and nothing else.</summary>
    public static Template OfColumn(string column) => new($"{{{column}}}", [new ValuePart(column, ", ")]);

    /// <summary>Fills the template with the values of <paramref name="row"/>.</summary>
    /// <exception cref="InvalidDataException">A column that the data set lacks, or a null where <paramref name="nulls"/> forbids it.</exception>
    public RenderedText Render(Row row, NullPolicy nulls = NullPolicy.Fail)
    {
        ArgumentNullException.ThrowIfNull(row);
        var output = new RenderBuilder();
        foreach (TemplatePart part in _parts)
        {
            switch (part)
            {
                case LiteralPart literal:
                    output.Append(literal.Text);
                    break;
                case ValuePart value:
                    output.Append(TextOf(value, row, nulls), value.Name);
                    break;
                default:
                    output.MarkCompletion();
                    break;
            }
        }

        return output.ToRenderedText();
    }

    private string TextOf(ValuePart part, Row row, NullPolicy nulls)
    {
        if (!ValuePath.TryFind(row, part.Name, out object? value, out string problem))
        {
            throw BadData.At(row.Source, $"template '{Source}': {problem}");
        }

        string? text = ValueText.Of(value, part.Separator, nulls);
        return text ?? (nulls == NullPolicy.Empty
            ? string.Empty
            : throw BadData.At(row.Source, $"template '{Source}': '{part.Name}' is null{(problem.Length > 0 ? $" ({problem})" : string.Empty)}; fill it in, leave the row out, or let null render as nothing"));
    }
}
