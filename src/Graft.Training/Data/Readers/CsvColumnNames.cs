namespace Graft.Training.Data;

/// <summary>Makes the names of a CSV header unique, as pandas does: <c>a, a</c> becomes <c>a, a.1</c>; an empty name <c>Unnamed: 2</c>.</summary>
internal static class CsvColumnNames
{
    /// <summary>Unique names for the fields of a header.</summary>
    public static string[] Unique(IReadOnlyList<string> header)
    {
        string[] names = [.. header.Select((name, i) => name.Length == 0 ? $"Unnamed: {i}" : name)];
        var seen = new Dictionary<string, int>(StringComparer.Ordinal);

        // Written names come first, so that a column called "Unnamed: 2" keeps its name.
        foreach (int i in Enumerable.Range(0, names.Length).OrderBy(i => header[i].Length == 0))
        {
            string written = names[i];
            string name = written;
            int count = seen.GetValueOrDefault(name);
            while (count > 0)
            {
                seen[written] = count + 1;
                name = $"{written}.{count}";
                count = Array.IndexOf(names, name) >= 0 ? count + 1 : seen.GetValueOrDefault(name);
            }

            names[i] = name;
            seen[name] = count + 1;
        }

        return names;
    }
}
