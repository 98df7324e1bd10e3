namespace Graft.Training.Data;

/// <summary>
/// One row: a value per column of its data set, and where it was written.
/// </summary>
/// <remarks>
/// A value is null, <see cref="string"/>, <see cref="bool"/>, <see cref="long"/>, <see cref="System.Numerics.BigInteger"/> (integers beyond
/// 64 bits), <see cref="double"/>, a list (<see cref="IReadOnlyList{T}"/> of such values) or an object
/// (<see cref="IReadOnlyDictionary{TKey,TValue}"/> from name to such a value, in the order written).
/// A column that the row does not mention is null.
/// </remarks>
public sealed class Row
{
    private readonly ColumnSet _columns;
    private readonly object?[] _values;

    internal Row(ColumnSet columns, object?[] values, RowSource source)
    {
        _columns = columns;
        _values = values;
        Source = source;
    }

    /// <summary>Where the row was written.</summary>
    public RowSource Source { get; }

    /// <summary>The columns of the data set, in the order in which they were first seen.</summary>
    public IReadOnlyList<string> Columns => _columns.Names;

    /// <summary>The value in <paramref name="column"/>.</summary>
    /// <exception cref="ArgumentException">The data set has no such column.</exception>
    public object? this[string column]
        => TryGetValue(column, out object? value)
            ? value
            : throw new ArgumentException($"no column '{column}'{NearestName.Suggestion(column, Columns)}; columns: {string.Join(", ", Columns)}", nameof(column));

    /// <summary>Whether the data set has <paramref name="column"/>, and this row's value in it.</summary>
    public bool TryGetValue(string column, out object? value)
    {
        if (_columns.TryGetIndex(column, out int index))
        {
            value = this[index];
            return true;
        }

        value = null;
        return false;
    }

    /// <summary>Value by column index. Rows read before a column was first seen are shorter: the rest is null.</summary>
    internal object? this[int index]
    {
        get => index < _values.Length ? _values[index] : null;
        set => _values[index] = value;
    }
}
