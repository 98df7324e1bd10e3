namespace Graft.Text.SentencePieces;

/// <summary>The tokens of a model, checked, and what cutting needs of them.</summary>
internal sealed class SentencePieceTable
{
    private readonly Dictionary<string, int> _reserved = new(StringComparer.Ordinal);

    /// <summary>Checks the tokens.</summary>
    /// <param name="pieces">The tokens; ids are positions.</param>
    /// <param name="byteFallback">Whether all 256 bytes must be there.</param>
    /// <param name="where">The file, for errors.</param>
    /// <exception cref="InvalidDataException">Tokens that do not make a model.</exception>
    internal SentencePieceTable(IReadOnlyList<SentencePiece> pieces, bool byteFallback, string where)
    {
        Pieces = pieces;
        var texts = new HashSet<string>(StringComparer.Ordinal);
        for (int id = 0; id < pieces.Count; id++)
        {
            SentencePiece piece = pieces[id];
            string? wrong = piece.Text.Length == 0 ? "is empty"
                : piece.Kind == SentencePieceKind.Byte && !byteFallback ? "stands for a byte, but byte_fallback is off"
                : piece.Kind == SentencePieceKind.Byte && ByteOf(piece.Text) < 0 ? "stands for a byte, but names none"
                : !float.IsFinite(piece.Score) ? $"has the score {piece.Score}"
                : !Add(piece, id, texts) ? "occurs twice"
                : null;
            if (wrong is not null)
            {
                throw new InvalidDataException($"{where}: piece {id} ('{piece.Text}') {wrong}; the file is damaged");
            }
        }

        if (UnknownId < 0)
        {
            throw new InvalidDataException($"{where}: none of its {pieces.Count} pieces stands for the unknown: this is no SentencePiece model, or the file is damaged");
        }

        if (byteFallback && Array.IndexOf(ByteIds, -1) is var missing and >= 0)
        {
            throw new InvalidDataException($"{where}: byte_fallback needs a piece for each byte, but <0x{missing:X2}> is missing");
        }

        Texts = new ByteTrie(Usable(static kind => kind is SentencePieceKind.Normal or SentencePieceKind.UserDefined or SentencePieceKind.Unused));
        Symbols = new ByteTrie(Usable(static kind => kind == SentencePieceKind.UserDefined));
    }

    /// <summary>The tokens; ids are positions.</summary>
    internal IReadOnlyList<SentencePiece> Pieces { get; }

    /// <summary>Id of the unknown.</summary>
    internal int UnknownId { get; private set; } = -1;

    /// <summary>Id of each byte, or -1.</summary>
    internal int[] ByteIds { get; } = [.. Enumerable.Repeat(-1, 256)];

    /// <summary>Tokens that text is cut into.</summary>
    internal ByteTrie Texts { get; }

    /// <summary>User-defined symbols.</summary>
    internal ByteTrie Symbols { get; }

    /// <summary>The id of a token, whatever it is for; that of the unknown if there is none.</summary>
    internal int IdOf(ReadOnlySpan<byte> text)
    {
        int id = Texts.Find(text);
        return id >= 0 ? id : IdOf(System.Text.Encoding.UTF8.GetString(text));
    }

    /// <summary>The id of a token, whatever it is for; that of the unknown if there is none.</summary>
    internal int IdOf(string text)
    {
        if (_reserved.TryGetValue(text, out int id))
        {
            return id;
        }

        id = Texts.Find(System.Text.Encoding.UTF8.GetBytes(text));
        return id >= 0 ? id : UnknownId;
    }

    /// <summary>Number of bytes of the character that <paramref name="text"/>, which is valid, begins with.</summary>
    internal static int CharacterLength(ReadOnlySpan<byte> text)
    {
        int length = text[0] < 0xC0 ? 1 : text[0] < 0xE0 ? 2 : text[0] < 0xF0 ? 3 : 4;
        return Math.Min(length, text.Length);
    }

    /// <summary>The byte that a piece such as <c>&lt;0x0A&gt;</c> stands for, or -1.</summary>
    internal static int ByteOf(string text)
        => text.Length == 6 && text.StartsWith("<0x", StringComparison.Ordinal) && text[5] == '>'
            && byte.TryParse(text.AsSpan(3, 2), System.Globalization.NumberStyles.AllowHexSpecifier, System.Globalization.CultureInfo.InvariantCulture, out byte value)
            ? value
            : -1;

    private bool Add(SentencePiece piece, int id, HashSet<string> texts)
    {
        switch (piece.Kind)
        {
            case SentencePieceKind.Normal or SentencePieceKind.UserDefined or SentencePieceKind.Unused:
                return texts.Add(piece.Text);
            case SentencePieceKind.Unknown when UnknownId >= 0:
                return false;
            case SentencePieceKind.Unknown:
                UnknownId = id;
                break;
            case SentencePieceKind.Byte:
                ByteIds[ByteOf(piece.Text)] = id;
                break;
        }

        return _reserved.TryAdd(piece.Text, id);
    }

    private IEnumerable<(byte[] Key, int Value)> Usable(Func<SentencePieceKind, bool> wanted)
    {
        for (int id = 0; id < Pieces.Count; id++)
        {
            if (wanted(Pieces[id].Kind))
            {
                yield return (System.Text.Encoding.UTF8.GetBytes(Pieces[id].Text), id);
            }
        }
    }
}
