using System.Globalization;

namespace Graft.Training.Data;

/// <summary>Follows a dotted path from a row into lists and objects.</summary>
internal static class ValuePath
{
    /// <summary>
    /// Finds the value that <paramref name="path"/> names. False when its column does not exist; a key that the row's object lacks is null,
    /// because rows of one file may differ in their keys, and <paramref name="problem"/> says so.
    /// </summary>
    public static bool TryFind(Row row, string path, out object? value, out string problem)
    {
        problem = string.Empty;
        if (row.TryGetValue(path, out value))
        {
            return true;
        }

        string[] steps = path.Split('.');
        if (!row.TryGetValue(steps[0], out value))
        {
            problem = $"there is no column '{steps[0]}'{NearestName.Suggestion(steps[0], row.Columns)}; columns: {string.Join(", ", row.Columns)}";
            return false;
        }

        foreach (string step in steps.AsSpan(1))
        {
            value = Step(value, step, ref problem);
        }

        return true;
    }

    private static object? Step(object? value, string step, ref string problem)
    {
        switch (value)
        {
            case IReadOnlyDictionary<string, object?> fields when fields.TryGetValue(step, out object? found):
                return found;
            case IReadOnlyDictionary<string, object?> fields:
                problem = $"the object has no '{step}'{NearestName.Suggestion(step, fields.Keys)}; keys: {string.Join(", ", fields.Keys)}";
                return null;
            case IReadOnlyList<object?> items when int.TryParse(step, NumberStyles.None, CultureInfo.InvariantCulture, out int index) && index < items.Count:
                return items[index];
            case IReadOnlyList<object?> items:
                problem = $"the list of {items.Count} has no element '{step}'; elements count from 0";
                return null;
            case null:
                return null;
            default:
                problem = $"'{step}' is asked of a value that is neither an object nor a list";
                return null;
        }
    }
}
