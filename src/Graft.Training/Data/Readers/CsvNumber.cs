using System.Buffers;
using System.Globalization;

namespace Graft.Training.Data;

/// <summary>Which texts pandas takes for numbers: decimal digits with sign, point and exponent, infinities, spaces around them.</summary>
internal static class CsvNumber
{
    private const NumberStyles Style = NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent;

    private static readonly SearchValues<char> NumberCharacters = SearchValues.Create("0123456789.eE+-");

    /// <summary>Whether the text is an integer: a sign perhaps, and digits.</summary>
    public static bool IsInteger(string text)
    {
        ReadOnlySpan<char> digits = WithoutSign(text.AsSpan().Trim(" \t\n\v\f\r"));
        return digits.Length > 0 && !digits.ContainsAnyExceptInRange('0', '9');
    }

    /// <summary>Whether the text is a number, and which: the nearest double.</summary>
    public static bool TryParse(string text, out double value)
    {
        ReadOnlySpan<char> trimmed = text.AsSpan().Trim(" \t\n\v\f\r");
        ReadOnlySpan<char> unsigned = WithoutSign(trimmed);
        if (unsigned.Equals("inf", StringComparison.OrdinalIgnoreCase) || unsigned.Equals("infinity", StringComparison.OrdinalIgnoreCase))
        {
            value = trimmed[0] == '-' ? double.NegativeInfinity : double.PositiveInfinity;
            return true;
        }

        value = 0;
        return unsigned.Length > 0 && !unsigned.ContainsAnyExcept(NumberCharacters) && double.TryParse(trimmed, Style, CultureInfo.InvariantCulture, out value);
    }

    /// <summary>An integer text without leading zeros and cut to 40 digits.</summary>
    public static string Shortened(string text)
    {
        ReadOnlySpan<char> trimmed = text.AsSpan().Trim(" \t\n\v\f\r");
        ReadOnlySpan<char> digits = WithoutSign(trimmed).TrimStart('0');
        string kept = digits.IsEmpty ? "0" : digits[..Math.Min(40, digits.Length)].ToString();
        return trimmed[0] == '-' ? $"-{kept}" : kept;
    }

    private static ReadOnlySpan<char> WithoutSign(ReadOnlySpan<char> text) => text.Length > 0 && text[0] is '+' or '-' ? text[1..] : text;
}
