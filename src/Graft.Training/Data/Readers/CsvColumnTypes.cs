using System.Collections.Frozen;
using System.Globalization;
using System.Numerics;

namespace Graft.Training.Data;

/// <summary>
/// Finds the type of each CSV column over all its rows, as pandas does: integers, else floats, else booleans, else text as written. Certain
/// words are null even inside quotes; integers with holes become floats.
/// </summary>
internal static class CsvColumnTypes
{
    private static readonly FrozenSet<string> NullWords = new[]
    {
        "", "NA", "N/A", "n/a", "NaN", "nan", "-NaN", "-nan", "null", "NULL", "None", "<NA>", "#N/A", "#NA", "#N/A N/A", "1.#IND", "-1.#IND", "1.#QNAN", "-1.#QNAN",
    }.ToFrozenSet(StringComparer.Ordinal);

    /// <summary>Converts the texts of every column of <paramref name="rows"/>.</summary>
    public static void Apply(RowCollector rows)
    {
        for (int column = 0; column < rows.Columns.Names.Count; column++)
        {
            bool holes = false;
            foreach (Row row in rows.Rows)
            {
                if (row[column] is string text && NullWords.Contains(text))
                {
                    row[column] = null;
                }

                holes |= row[column] is null;
            }

            Convert(rows.Rows, column, holes);
        }
    }

    private static void Convert(IReadOnlyList<Row> rows, int column, bool holes)
    {
        switch (Integers(rows, column, out BigInteger least, out BigInteger most))
        {
            // Integers that fit neither signed nor unsigned 64 bits keep all their digits as text.
            case true when most > ulong.MaxValue || least < long.MinValue:
                return;
            case true when !holes && (most <= long.MaxValue || least >= 0):
                Replace(rows, column, text => ParseInteger(text) is var value && value <= long.MaxValue ? (object)(long)value : value);
                return;
        }

        if (All(rows, column, text => CsvNumber.TryParse(text, out _)))
        {
            Replace(rows, column, text => CsvNumber.TryParse(text, out double value) ? value : text);
        }
        else if (All(rows, column, text => text is "True" or "TRUE" or "true" or "False" or "FALSE" or "false"))
        {
            Replace(rows, column, text => text[0] is 'T' or 't');
        }
    }

    /// <summary>Whether all values are integers, and their range (0 included).</summary>
    private static bool Integers(IReadOnlyList<Row> rows, int column, out BigInteger least, out BigInteger most)
    {
        least = most = BigInteger.Zero;
        foreach (Row row in rows)
        {
            if (row[column] is not string text)
            {
                continue;
            }

            if (!CsvNumber.IsInteger(text))
            {
                return false;
            }

            BigInteger value = ParseInteger(text);
            least = BigInteger.Min(least, value);
            most = BigInteger.Max(most, value);
        }

        return true;
    }

    // Beyond 40 digits the value only has to be too big.
    private static BigInteger ParseInteger(string text)
        => BigInteger.Parse(text.Length <= 40 ? text : CsvNumber.Shortened(text), NumberStyles.AllowLeadingSign | NumberStyles.AllowLeadingWhite | NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture);

    private static bool All(IReadOnlyList<Row> rows, int column, Predicate<string> holds)
    {
        foreach (Row row in rows)
        {
            if (row[column] is string text && !holds(text))
            {
                return false;
            }
        }

        return true;
    }

    private static void Replace(IReadOnlyList<Row> rows, int column, Func<string, object> convert)
    {
        foreach (Row row in rows)
        {
            if (row[column] is string text)
            {
                row[column] = convert(text);
            }
        }
    }
}
