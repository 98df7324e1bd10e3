namespace Graft.Tensors;

/// <summary>Rotary positions whose frequencies depend on how long the sequence is so far (dynamic NTK, LongRoPE).</summary>
/// <remarks>
/// All new tokens of a sequence turn by the frequencies of its length with them. What is in a key-value cache stays as it was
/// turned, as in the reference. Lengths that share their frequencies share a table.
/// </remarks>
public sealed class LengthDependentRotaryTable : RotaryTable
{
    // Dynamic frequencies differ for each length. Tables come back within a step, one layer after the other, and hardly ever later.
    private const int MaximumTables = 64;

    private readonly Func<int, int> _classOf;
    private readonly Func<int, float[]> _frequenciesOf;
    private readonly Dictionary<int, RotaryTable> _tables = [];
    private readonly Lock _gate = new();

    /// <summary>Tables that are made when a length first asks for them.</summary>
    /// <param name="classOf">The class of a length: lengths of one class share their frequencies.</param>
    /// <param name="frequenciesOf">Radians per position of each pair of columns, for a class.</param>
    /// <param name="attentionFactor">Multiplies cosines and sines.</param>
    public LengthDependentRotaryTable(Func<int, int> classOf, Func<int, float[]> frequenciesOf, float attentionFactor = 1)
        : base(frequenciesOf(classOf(0)), attentionFactor)
    {
        _classOf = classOf;
        _frequenciesOf = frequenciesOf;
    }

    /// <inheritdoc/>
    public override RotaryTable ForLength(int length)
    {
        int key = _classOf(length);
        lock (_gate)
        {
            if (_tables.TryGetValue(key, out RotaryTable? table))
            {
                return table;
            }

            if (_tables.Count == MaximumTables)
            {
                _tables.Clear();
            }

            return _tables[key] = new RotaryTable(_frequenciesOf(key), AttentionFactor);
        }
    }
}
