namespace Graft.Text.Pipeline;

/// <summary>
/// A text on its way through the pipeline: what it reads now and, for each UTF-16 unit, which range of the original it stands
/// for. Immutable. As long as nothing has changed lengths the ranges are computed, not stored.
/// </summary>
internal sealed class AlignedText
{
    private readonly ReadOnlyMemory<char> _characters;
    private readonly TextRange[]? _sources;
    private readonly int _first;

    /// <summary>A text whose unit <c>i</c> stands for unit <c>origin + i</c> of the original.</summary>
    internal AlignedText(ReadOnlyMemory<char> characters, int origin)
    {
        _characters = characters;
        Origin = origin;
    }

    /// <summary>A text whose unit <c>i</c> stands for range <c>sources[first + i]</c> of the original; null as above.</summary>
    internal AlignedText(ReadOnlyMemory<char> characters, TextRange[]? sources, int first, int origin)
        : this(characters, origin)
    {
        _sources = sources;
        _first = first;
    }

    /// <summary>What the text reads now.</summary>
    internal ReadOnlySpan<char> Characters => _characters.Span;

    /// <summary>Number of UTF-16 units.</summary>
    internal int Length => _characters.Length;

    /// <summary>Where in the original the text begins.</summary>
    internal int Origin { get; }

    /// <summary>The range of the original that a unit stands for.</summary>
    internal TextRange SourceOf(int index) => _sources is null ? new TextRange(Origin + index, Origin + index + 1) : _sources[_first + index];

    /// <summary>The range of the original from the start of the first to the end of the last unit of a range that is not empty.</summary>
    internal TextRange SourceOf(TextRange range) => new(SourceOf(range.Start).Start, SourceOf(range.End - 1).End);

    /// <summary>A part, without copying.</summary>
    internal AlignedText Slice(TextRange range)
    {
        int origin = range.Length > 0 ? SourceOf(range.Start).Start : Origin;
        return new AlignedText(_characters[range.Start..range.End], _sources, _first + range.Start, origin);
    }

    /// <summary>The same ranges for other characters of the same number.</summary>
    internal AlignedText WithCharacters(ReadOnlyMemory<char> characters) => new(characters, _sources, _first, Origin);
}
