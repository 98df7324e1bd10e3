namespace Graft.Training.Data;

/// <summary>What to do with a row that cannot be read.</summary>
public enum BadRowPolicy
{
    /// <summary>Stop with an error that names file, line and column.</summary>
    Fail,

    /// <summary>Leave the row out and list it in <see cref="DataSet.SkippedRows"/>.</summary>
    Skip,
}

/// <summary>A row that was left out.</summary>
/// <param name="Source">Where it was written.</param>
/// <param name="Reason">What was wrong with it.</param>
public readonly record struct SkippedRow(RowSource Source, string Reason);
