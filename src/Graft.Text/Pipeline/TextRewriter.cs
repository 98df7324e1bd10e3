using System.Text;

namespace Graft.Text.Pipeline;

/// <summary>
/// Writes a changed copy of a text from left to right and keeps track of what each character stands for: a replacement for the
/// character it replaces, an inserted character for the one before it.
/// </summary>
internal ref struct TextRewriter
{
    private readonly AlignedText _source;
    private readonly ReadOnlySpan<char> _text;
    private char[] _characters;
    private TextRange[] _sources;
    private int _length;

    /// <summary>Begins a copy of <paramref name="source"/>.</summary>
    internal TextRewriter(AlignedText source)
    {
        _source = source;
        _text = source.Characters;
        _characters = new char[Math.Max(16, source.Length + (source.Length / 8))];
        _sources = new TextRange[_characters.Length];
    }

    /// <summary>UTF-16 index in the source of the next character to be read.</summary>
    internal int Position { get; private set; }

    /// <summary>Whether the source is used up.</summary>
    internal readonly bool AtEnd => Position >= _text.Length;

    /// <summary>UTF-16 units written so far.</summary>
    internal readonly int Length => _length;

    /// <summary>The next character of the source.</summary>
    internal readonly Rune Next
    {
        get
        {
            if (!char.IsSurrogate(_text[Position]))
            {
                return new Rune(_text[Position]);
            }

            Rune.DecodeFromUtf16(_text[Position..], out Rune rune, out _);
            return rune;
        }
    }

    /// <summary>Copies the next character.</summary>
    internal void Keep() => Replace(Next);

    /// <summary>Copies every character up to <paramref name="end"/>.</summary>
    internal void KeepTo(int end)
    {
        while (Position < end)
        {
            Append(_text[Position], _source.SourceOf(Position));
            Position++;
        }
    }

    /// <summary>Drops the next character.</summary>
    internal void Skip() => Position += Next.Utf16SequenceLength;

    /// <summary>Drops every character up to <paramref name="end"/>.</summary>
    internal void SkipTo(int end) => Position = end;

    /// <summary>Writes <paramref name="rune"/> in place of the next character.</summary>
    internal void Replace(Rune rune)
    {
        Append(rune, _source.SourceOf(new TextRange(Position, Position + Next.Utf16SequenceLength)));
        Skip();
    }

    /// <summary>Writes a character that stands for what the last character read stands for.</summary>
    internal void Insert(Rune rune)
        => Append(rune, Position == 0 ? new TextRange(_source.Origin, _source.Origin) : _source.SourceOf(Position - 1));

    /// <summary>Writes a character that stands for a given range of the original.</summary>
    internal void Append(Rune rune, TextRange source)
    {
        if (rune.IsBmp)
        {
            Append((char)rune.Value, source);
            return;
        }

        Span<char> units = stackalloc char[2];
        int count = rune.EncodeToUtf16(units);
        for (int i = 0; i < count; i++)
        {
            Append(units[i], source);
        }
    }

    /// <summary>Writes a UTF-16 unit that stands for a given range of the original.</summary>
    internal void Append(char unit, TextRange source)
    {
        if (_length == _characters.Length)
        {
            Array.Resize(ref _characters, _length * 2);
            Array.Resize(ref _sources, _length * 2);
        }

        _characters[_length] = unit;
        _sources[_length++] = source;
    }

    /// <summary>What has been written.</summary>
    internal readonly AlignedText ToText() => new(_characters.AsMemory(0, _length), _sources, 0, _source.Origin);
}
