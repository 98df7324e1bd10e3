namespace Graft.Cli.Configuration;

/// <summary>A value as the user wrote it, and where: in a file or as a flag. What it means is decided by the key's type.</summary>
internal sealed class ConfigNode
{
    private ConfigNode(string label, string? folder)
    {
        Label = label;
        Folder = folder;
    }

    /// <summary>How messages call it: <c>quotes.yaml:3:1: learning_rate</c> or <c>--learning_rate</c>.</summary>
    public string Label { get; }

    /// <summary>The folder of the file that it stands in; null for a flag.</summary>
    public string? Folder { get; }

    /// <summary>The text of a single value; null for a list or an object.</summary>
    public string? Text { get; private init; }

    /// <summary>Whether the text stands in quotes, so that it cannot mean null.</summary>
    public bool IsQuoted { get; private init; }

    /// <summary>The elements of a list; otherwise null.</summary>
    public IReadOnlyList<ConfigNode>? Items { get; private init; }

    /// <summary>The fields of an object; otherwise null.</summary>
    public IReadOnlyList<KeyValuePair<string, ConfigNode>>? Fields { get; private init; }

    /// <summary>Whether it is YAML's null.</summary>
    public bool IsNull => !IsQuoted && Text is "" or "~" or "null" or "Null" or "NULL";

    /// <summary>A single value.</summary>
    public static ConfigNode Scalar(string label, string? folder, string text, bool isQuoted) => new(label, folder) { Text = text, IsQuoted = isQuoted };

    /// <summary>A list.</summary>
    public static ConfigNode List(string label, string? folder, IReadOnlyList<ConfigNode> items) => new(label, folder) { Items = items };

    /// <summary>An object.</summary>
    public static ConfigNode Object(string label, string? folder, IReadOnlyList<KeyValuePair<string, ConfigNode>> fields) => new(label, folder) { Fields = fields };

    /// <summary>The error that the value is not what the key needs.</summary>
    /// <param name="expected">What it needs, such as <c>a number</c>.</param>
    public ArgumentException Wrong(string expected)
        => new($"{Label} must be {expected}, but is {(Text is null ? Items is null ? "an object" : "a list" : IsNull ? "empty" : $"'{Text}'")}");

    /// <summary>A path, as it is from the current folder: a relative one in a file counts from the file's folder if it exists there.</summary>
    /// <param name="path">The path as written.</param>
    public string Resolve(string path)
    {
        if (Folder is null || Path.IsPathRooted(path))
        {
            return path;
        }

        string beside = Path.Combine(Folder, path);
        return Path.Exists(beside) || HasMatches(beside) ? beside : path;
    }

    private static bool HasMatches(string pattern)
    {
        string? folder = Path.GetDirectoryName(pattern);
        return DataPaths.IsPattern(pattern) && Directory.Exists(folder) && Directory.EnumerateFiles(folder, Path.GetFileName(pattern)).Any();
    }
}
