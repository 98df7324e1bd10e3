namespace Graft.Training.Data;

/// <summary>Where a row was written, so that every later message can point at it.</summary>
/// <param name="File">The file as the user named it, or another name for rows that come from code.</param>
/// <param name="Line">First line of the row, from 1 as an editor counts; for rows from code their number from 1.</param>
public readonly record struct RowSource(string File, int Line)
{
    /// <summary><c>file:line</c>, which editors and terminals turn into a link.</summary>
    public override string ToString() => $"{File}:{Line}";
}
