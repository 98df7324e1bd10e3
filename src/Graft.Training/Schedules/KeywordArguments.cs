using System.Collections;
using System.Globalization;

namespace Graft.Training.Schedules;

/// <summary>Takes typed values out of <c>lr_scheduler_kwargs</c> and refuses what nobody took.</summary>
internal sealed class KeywordArguments(string schedule, IReadOnlyDictionary<string, object?> values)
{
    private readonly List<string> _known = [];

    public double Number(string key, double otherwise) => OptionalNumber(key) ?? otherwise;

    public double? OptionalNumber(string key) => Take(key) is { } value ? ToNumber(key, value) : null;

    public long Count(string key, long otherwise) => OptionalCount(key) ?? otherwise;

    public long? OptionalCount(string key)
    {
        double? number = OptionalNumber(key);
        return number is null || number == Math.Floor(number.Value) ? (long?)number
            : throw new ArgumentException($"{schedule}: '{key}' must be a whole number, not {number}.");
    }

    public bool Flag(string key, bool otherwise) => Take(key) switch
    {
        null => otherwise,
        bool flag => flag,
        object other => throw new ArgumentException($"{schedule}: '{key}' must be true or false, not '{other}'."),
    };

    /// <summary>One of the words in <paramref name="allowed"/>, the first of which is the default.</summary>
    public string Word(string key, params ReadOnlySpan<string> allowed) => Take(key) switch
    {
        null => allowed[0],
        string text when allowed.Contains(text) => text,
        object other => throw new ArgumentException($"{schedule}: '{key}' must be one of {string.Join(", ", allowed!)}, not '{other}'."),
    };

    /// <summary>One number for each of <paramref name="groups"/> groups, from a list or from a single number.</summary>
    public double[] PerGroup(string key, int groups, double otherwise)
    {
        object? value = Take(key);
        if (value is not string && value is IEnumerable list)
        {
            double[] numbers = [.. list.Cast<object>().Select(item => ToNumber(key, item))];
            return numbers.Length == groups ? numbers
                : throw new ArgumentException($"{schedule}: '{key}' lists {numbers.Length} numbers, but there are {groups} parameter groups.");
        }

        double[] same = new double[groups];
        Array.Fill(same, value is null ? otherwise : ToNumber(key, value));
        return same;
    }

    /// <summary>Refuses keys that no call above asked for.</summary>
    public void RefuseOthers()
    {
        foreach (string key in values.Keys)
        {
            if (!_known.Contains(key))
            {
                string accepted = _known.Count == 0 ? "it takes none" : $"it takes {string.Join(", ", _known)}";
                throw new ArgumentException($"{schedule}: unknown argument '{key}' in lr_scheduler_kwargs; {accepted}.");
            }
        }
    }

    private object? Take(string key)
    {
        _known.Add(key);
        return values.GetValueOrDefault(key);
    }

    private double ToNumber(string key, object value) => value switch
    {
        double or float or int or long or decimal => Convert.ToDouble(value, CultureInfo.InvariantCulture),
        _ => throw new ArgumentException($"{schedule}: '{key}' must be a number, not '{value}'."),
    };
}
