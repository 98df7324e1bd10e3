using System.Numerics;

namespace Graft.Cli.Inspection;

/// <summary>What a column of a data set holds.</summary>
/// <param name="Type">Its type in the words of <c>datasets</c>: <c>string</c>, <c>int64</c>, <c>list of string</c> ...; <c>mixed</c> with what is in it.</param>
/// <param name="Nulls">Rows without a value.</param>
/// <param name="MeanLength">Mean number of characters of texts, or of items of lists; null for other types.</param>
/// <param name="MaxLength">The largest such number.</param>
internal sealed record ColumnSummary(string Type, int Nulls, double? MeanLength, int? MaxLength)
{
    /// <summary>Looks at all values.</summary>
    public static ColumnSummary Of(IEnumerable<object?> values)
    {
        var types = new SortedSet<string>(StringComparer.Ordinal);
        int nulls = 0;
        int counted = 0;
        long sum = 0;
        int most = 0;
        foreach (object? value in values)
        {
            if (value is null)
            {
                nulls++;
                continue;
            }

            types.Add(TypeOf(value));
            if (value is string or IReadOnlyList<object?>)
            {
                int length = value is string text ? text.Length : ((IReadOnlyList<object?>)value).Count;
                (counted, sum, most) = (counted + 1, sum + length, Math.Max(most, length));
            }
        }

        if (types.Count > 1 && types.Any(type => type.StartsWith("list of", StringComparison.Ordinal)))
        {
            types.Remove("list");
        }

        string type = types.Count switch
        {
            0 => "null",
            1 => types.Min!,
            _ => $"mixed: {string.Join(", ", types)}",
        };
        return new ColumnSummary(type, nulls, counted == 0 ? null : Math.Round((double)sum / counted, 1), counted == 0 ? null : most);
    }

    private static string TypeOf(object value) => value switch
    {
        string => "string",
        bool => "bool",
        long => "int64",
        BigInteger => "integer",
        double => "float64",
        IReadOnlyDictionary<string, object?> fields => fields.Count <= 6 ? $"struct of {string.Join(", ", fields.Keys)}" : $"struct of {fields.Count} fields",
        IReadOnlyList<object?> items => items.FirstOrDefault(item => item is not null) is { } first ? $"list of {TypeOf(first)}" : "list",
        _ => value.GetType().Name,
    };
}
