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

        double size = Math.Abs(value);
        if (size != 0 && (size < 1e-4 || size >= 1e16))
        {
            // Python: 1e-05, 1.5e+20; .NET's "E16" pads, so the shortest digits are taken from "R".
            string shortest = value.ToString("R", CultureInfo.InvariantCulture);
            int e = shortest.IndexOf('E', StringComparison.Ordinal);
            if (e >= 0)
            {
                return $"{shortest[..e]}e{shortest[e + 1]}{shortest[(e + 2)..].PadLeft(2, '0')}";
            }
        }

        string plain = value.ToString("0.0################################", CultureInfo.InvariantCulture);
        string exact = value.ToString("R", CultureInfo.InvariantCulture);
        return exact.Contains('E', StringComparison.Ordinal) ? plain : exact.Contains('.', StringComparison.Ordinal) ? exact : exact + ".0";
    }
}
