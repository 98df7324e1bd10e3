using System.Text;

namespace Graft.Training.Data;

/// <summary>Splits a template's source into parts.</summary>
internal static class TemplateParser
{
    private const string DefaultSeparator = ", ";

    /// <summary>Parses <paramref name="source"/>.</summary>
    /// <exception cref="ArgumentException">A brace without its partner, an empty placeholder, or two completion marks.</exception>
    public static List<TemplatePart> Parse(string source)
    {
        var parts = new List<TemplatePart>();
        var literal = new StringBuilder();
        for (int i = 0; i < source.Length; i++)
        {
            char c = source[i];
            if (c is not ('{' or '}'))
            {
                literal.Append(c);
            }
            else if (i + 1 < source.Length && source[i + 1] == c)
            {
                literal.Append(c);
                i++;
            }
            else if (c == '}')
            {
                throw Wrong(source, i, "'}' without '{'; write }} for a brace");
            }
            else
            {
                int end = source.IndexOf('}', i);
                if (end < 0)
                {
                    throw Wrong(source, i, "'{' is never closed; write {{ for a brace");
                }

                Flush(literal, parts);
                parts.Add(Placeholder(source, i, source[(i + 1)..end], parts));
                i = end;
            }
        }

        Flush(literal, parts);
        return parts;
    }

    private static TemplatePart Placeholder(string source, int position, string inside, List<TemplatePart> before)
    {
        if (inside == "|")
        {
            return before.Exists(part => part is CompletionPart) ? throw Wrong(source, position, "a second {|}: the completion begins once") : new CompletionPart();
        }

        int bar = inside.IndexOf('|');
        string name = (bar < 0 ? inside : inside[..bar]).Trim();
        if (name.Length == 0)
        {
            throw Wrong(source, position, "a placeholder without a column; write {{ for a brace");
        }

        return name.Contains('{')
            ? throw Wrong(source, position, "'{' inside a placeholder; is the '}' before it missing?")
            : new ValuePart(name, bar < 0 ? DefaultSeparator : Unescape(inside[(bar + 1)..]));
    }

    private static string Unescape(string separator)
        => separator.Replace("\\n", "\n", StringComparison.Ordinal).Replace("\\t", "\t", StringComparison.Ordinal);

    private static void Flush(StringBuilder literal, List<TemplatePart> parts)
    {
        if (literal.Length > 0)
        {
            parts.Add(new LiteralPart(literal.ToString()));
            literal.Clear();
        }
    }

    private static ArgumentException Wrong(string source, int position, string message)
        => new($"template '{source}', character {position + 1}: {message}");
}
