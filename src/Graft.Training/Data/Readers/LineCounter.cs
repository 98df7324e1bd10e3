namespace Graft.Training.Data;

/// <summary>Turns byte positions that only grow into line numbers, counting each byte once.</summary>
internal ref struct LineCounter(ReadOnlySpan<byte> text)
{
    private readonly ReadOnlySpan<byte> _text = text;
    private int _position;
    private int _line = 1;

    /// <summary>The line, from 1, of the byte at <paramref name="position"/>, which must not lie before the last one asked for.</summary>
    public int LineOf(int position)
    {
        _line += _text[_position..position].Count((byte)'\n');
        _position = position;
        return _line;
    }

    /// <summary>The column, from 1 and in characters, of the byte at <paramref name="position"/>.</summary>
    public readonly int ColumnOf(int position)
        => Utf8Text.CharactersIn(_text[(_text[..position].LastIndexOf((byte)'\n') + 1)..position]) + 1;
}
