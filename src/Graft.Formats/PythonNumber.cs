using System.Globalization;

namespace Graft.Formats;

/// <summary>Writes numbers as Python does, where files must be byte for byte those of a Python library.</summary>
public static class PythonNumber
{
    /// <summary>A number as <c>repr</c> and <c>json.dumps</c> write a float: shortest that reads back, with a point or an exponent.</summary>
    /// <param name="value">The number; NaN and infinities have the spelling of <c>json</c>.</param>
    public static string Float(double value)
    {
        if (!double.IsFinite(value))
        {
            return double.IsNaN(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity";
        }

        string shortest = value.ToString("R", CultureInfo.InvariantCulture);
        double size = Math.Abs(value);
        if (size != 0 && (size < 1e-4 || size >= 1e16))
        {
            return Scientific(shortest);
        }

        // .NET turns to exponents earlier than Python does.
        string plain = shortest.Contains('E', StringComparison.Ordinal) ? value.ToString("0.################################", CultureInfo.InvariantCulture) : shortest;
        return plain.Contains('.', StringComparison.Ordinal) ? plain : plain + ".0";
    }

    /// <summary>Python's form of an exponent: 1e-05, 1.5e+20.</summary>
    private static string Scientific(string shortest)
    {
        int e = shortest.IndexOf('E', StringComparison.Ordinal);
        if (e >= 0)
        {
            return $"{shortest[..e]}e{shortest[e + 1]}{shortest[(e + 2)..].PadLeft(2, '0')}";
        }

        string sign = shortest[0] == '-' ? "-" : string.Empty;
        string digits = shortest[sign.Length..];
        string fraction = digits[1..].TrimEnd('0');
        return $"{sign}{digits[0]}{(fraction.Length > 0 ? "." : string.Empty)}{fraction}e+{digits.Length - 1}";
    }
}
