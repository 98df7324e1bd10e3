namespace Graft.Text.Pipeline;

/// <summary>
/// A text on its way through the pipeline: what it reads now and, for each UTF-16 unit, which range of the original it stands
/// for. Immutable. As long as nothing has changed lengths the ranges are computed, not stored.
/// </summary>
internal sealed class AlignedText
{
    private readonly ReadOnlyMemory<char> _characters;
    private readonly ReadOnlyMemory<TextRange> _sources;
    private readonly bool _stored;

    /// <summary>A text whose unit <c>i</c> stands for unit <c>origin + i</c> of the original.</summary>
    internal AlignedText(ReadOnlyMemory<char> characters, int origin)
    {
        _characters = characters;
        Origin = origin;
    }

    /// <summary>A text whose unit <c>i</c> stands for range <c>sources[i]</c> of the original.</summary>
    internal AlignedText(ReadOnlyMemory<char> characters, ReadOnlyMemory<TextRange> sources, int origin)
        : this(characters, origin)
    {
        _sources = sources;
        _stored = true;
    }

    /// <summary>What the text reads now.</summary>
    internal ReadOnlySpan<char> Characters => _characters.Span;

    /// <summary>Number of UTF-16 units.</summary>
    internal int Length => _characters.Length;

    /// <summary>Where in the original the text begins.</summary>
    internal int Origin { get; }

    /// <summary>Whether unit <c>i</c> stands for unit <c>Origin + i</c> throughout.</summary>
    internal bool IsUnshifted => !_stored;

    /// <summary>The range of the original that a unit stands for.</summary>
    internal TextRange SourceOf(int index) => _stored ? _sources.Span[index] : new TextRange(Origin + index, Origin + index + 1);

    /// <summary>The range of the original from the start of the first to the end of the last unit of a range that is not empty.</summary>
    internal TextRange SourceOf(TextRange range) => new(SourceOf(range.Start).Start, SourceOf(range.End - 1).End);

    /// <summary>A part, without copying.</summary>
    internal AlignedText Slice(TextRange range)
        => _stored
            ? new AlignedText(_characters[range.Start..range.End], _sources[range.Start..range.End], range.Length > 0 ? SourceOf(range.Start).Start : Origin)
            : new AlignedText(_characters[range.Start..range.End], Origin + range.Start);

    /// <summary>The same ranges for other characters of the same number.</summary>
    internal AlignedText WithCharacters(ReadOnlyMemory<char> characters)
        => _stored ? new AlignedText(characters, _sources, Origin) : new AlignedText(characters, Origin);
}
