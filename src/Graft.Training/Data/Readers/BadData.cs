namespace Graft.Training.Data;

/// <summary>Makes the errors about data files: <c>file:line:column: what is wrong</c>.</summary>
internal static class BadData
{
    /// <summary>An error at a place; <paramref name="line"/> and <paramref name="column"/> count from 1, columns in characters.</summary>
    public static InvalidDataException At(string file, int line, int column, string message) => new($"{file}:{line}:{column}: {message}");

    /// <summary>An error about a row as a whole.</summary>
    public static InvalidDataException At(RowSource source, string message) => new($"{source}: {message}");
}
