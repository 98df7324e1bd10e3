using System.Text.Json;
using Graft.Text.Patterns;

namespace Graft.Text.Loading;

/// <summary>Reads the <c>pattern</c> of Split and Replace.</summary>
internal static class PatternReader
{
    /// <summary>A literal (<c>{"String": ...}</c>) or a regular expression (<c>{"Regex": ...}</c>).</summary>
    internal static ITextPattern Read(JsonFields fields)
    {
        JsonFields pattern = fields.TryGet("pattern", out JsonElement bare) && bare.ValueKind == JsonValueKind.String
            ? throw fields.Error("'pattern' must be {\"String\": ...} or {\"Regex\": ...}")
            : fields.Object("pattern");
        if (pattern.OptionalText("Regex") is { } regex)
        {
            try
            {
                return new RegexPattern(regex);
            }
            catch (InvalidDataException e)
            {
                throw pattern.Error(e.Message);
            }
        }

        string literal = pattern.Text("String");
        return literal.Length > 0 ? new LiteralPattern(literal) : new RegexPattern(string.Empty);
    }
}
