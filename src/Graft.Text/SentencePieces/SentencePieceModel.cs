using System.Text;
using Graft.Text.Characters;

namespace Graft.Text.SentencePieces;

/// <summary>A SentencePiece model, with exactly the tokens, offsets and texts of the <c>sentencepiece</c> library. Immutable, so threads share it.</summary>
/// <remarks>
/// Kudo and Richardson 2018. What Transformers makes of such a file differs in details, above all around special tokens: to
/// tokenize for a Hugging Face model use <see cref="Tokenizer.Load"/> on its folder.
/// </remarks>
public sealed class SentencePieceModel
{
    private const char Mark = '\u2581';

    private readonly SentencePieceTable _table;
    private readonly PrecompiledCharacterMap? _map;
    private readonly ISentencePieceCutter _cutter;

    /// <summary>A model of given tokens.</summary>
    /// <param name="pieces">The tokens; ids are positions. One of them is the unknown.</param>
    /// <param name="options">What else the model says.</param>
    /// <param name="where">What to call it in errors.</param>
    /// <exception cref="InvalidDataException">Tokens that do not make a model: empty or double ones, no unknown, bytes missing.</exception>
    public SentencePieceModel(IReadOnlyList<SentencePiece> pieces, SentencePieceOptions options, string where = "the SentencePiece model")
    {
        ArgumentNullException.ThrowIfNull(pieces);
        ArgumentNullException.ThrowIfNull(options);
        Options = options;
        _table = new SentencePieceTable(pieces, options.ByteFallback, where);
        try
        {
            _map = options.CharacterMap.IsEmpty ? null : new PrecompiledCharacterMap(options.CharacterMap.Span);
        }
        catch (InvalidDataException e)
        {
            throw new InvalidDataException($"{where}: {e.Message}", e);
        }

        _cutter = options.Algorithm switch
        {
            SentencePieceAlgorithm.Unigram => new UnigramCutter(_table),
            SentencePieceAlgorithm.Bpe => new BpeCutter(_table),
            SentencePieceAlgorithm.Word => new WordCutter(_table),
            SentencePieceAlgorithm.Character => new CharacterCutter(_table),
            _ => throw new ArgumentException($"unknown algorithm {options.Algorithm}", nameof(options)),
        };
    }

    /// <summary>The tokens; ids are positions.</summary>
    public IReadOnlyList<SentencePiece> Pieces => _table.Pieces;

    /// <summary>What else the model says.</summary>
    public SentencePieceOptions Options { get; }

    /// <summary>Id of the token for what cannot be spelled.</summary>
    public int UnknownId => _table.UnknownId;

    /// <summary>Id of the token that begins a text, or null.</summary>
    public int? BosId => ControlId(Options.BosPiece);

    /// <summary>Id of the token that ends a text, or null.</summary>
    public int? EosId => ControlId(Options.EosPiece);

    /// <summary>Id of the token that fills up batches, or null.</summary>
    public int? PadId => ControlId(Options.PadPiece);

    /// <summary>Reads a file such as <c>spiece.model</c> or <c>tokenizer.model</c>.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="FileNotFoundException">There is none.</exception>
    /// <exception cref="InvalidDataException">It is damaged or something else; the message says what and where.</exception>
    public static SentencePieceModel Load(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        return Parse(File.ReadAllBytes(path), path);
    }

    /// <summary>Reads the content of such a file.</summary>
    /// <param name="content">The bytes.</param>
    /// <param name="where">What to call it in errors.</param>
    /// <exception cref="InvalidDataException">It is damaged or something else.</exception>
    public static SentencePieceModel Parse(ReadOnlySpan<byte> content, string where = "the SentencePiece model")
    {
        (List<SentencePiece> pieces, SentencePieceOptions options) = SentencePieceFile.Read(content, where);
        return new SentencePieceModel(pieces, options, where);
    }

    /// <summary>Encodes a text; begin and end tokens are not added.</summary>
    /// <param name="text">Any text; surrogates without partner count as U+FFFD.</param>
    public SentencePieceEncoding Encode(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        SentencePieceText normalized = SentencePieceText.Normalize(System.Text.Encoding.UTF8.GetBytes(text), Options, _map, _table.Symbols);
        var segments = new List<SentencePieceSegment>();
        if (normalized.Bytes.Length > 0)
        {
            _cutter.Cut(normalized.Bytes, segments);
        }

        var ids = new List<int>(segments.Count);
        var pieces = new List<string>(segments.Count);
        var offsets = new List<(int Start, int End)>(segments.Count);
        int at = 0;
        bool afterUnknown = false;
        foreach (SentencePieceSegment segment in segments)
        {
            ReadOnlySpan<byte> bytes = normalized.Bytes.Slice(at, segment.Length);
            (int start, int end) = (normalized.Sources[at], normalized.Sources[at + segment.Length]);
            at += segment.Length;
            bool isUnknown = segment.Id == UnknownId;
            if (isUnknown && Options.ByteFallback)
            {
                for (int i = 0; i < bytes.Length; i++)
                {
                    ids.Add(_table.ByteIds[bytes[i]]);
                    pieces.Add(Pieces[ids[^1]].Text);
                    offsets.Add((start, i == bytes.Length - 1 ? end : start));
                }
            }
            else if (isUnknown && afterUnknown)
            {
                pieces[^1] += System.Text.Encoding.UTF8.GetString(bytes);
                offsets[^1] = (offsets[^1].Start, end);
            }
            else
            {
                ids.Add(segment.Id);
                pieces.Add(System.Text.Encoding.UTF8.GetString(bytes));
                offsets.Add((start, end));
            }

            afterUnknown = isUnknown;
        }

        return new SentencePieceEncoding([.. ids], [.. pieces], [.. offsets], System.Text.Encoding.UTF8.GetString(normalized.Bytes));
    }

    /// <summary>Decodes ids to text.</summary>
    /// <param name="ids">Token ids.</param>
    /// <exception cref="ArgumentOutOfRangeException">An id is outside the vocabulary.</exception>
    public string Decode(ReadOnlySpan<int> ids)
    {
        var text = new StringBuilder();
        var bytes = new List<byte>();

        // The space before the first token is the dummy prefix.
        bool dropsSpace = Options.AddDummyPrefix || Options.RemoveExtraWhitespaces;
        bool droppedOne = false;
        foreach (int id in ids)
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)id, (uint)Pieces.Count, nameof(ids));
            SentencePiece piece = Pieces[id];
            if (piece.Kind == SentencePieceKind.Byte)
            {
                bytes.Add((byte)SentencePieceTable.ByteOf(piece.Text));
                continue;
            }

            Flush(bytes, text);
            bool atStart = dropsSpace && !droppedOne && text.Length == 0;
            droppedOne = droppedOne || text.Length > 0;
            if (piece.Kind == SentencePieceKind.Unknown)
            {
                text.Append(Options.UnknownSurface);
            }
            else if (piece.Kind != SentencePieceKind.Control)
            {
                bool drops = atStart && piece.Text[0] == Mark;
                droppedOne |= drops && !Options.RemoveExtraWhitespaces;
                text.Append(piece.Text.Replace(Mark, ' '), drops ? 1 : 0, piece.Text.Length - (drops ? 1 : 0));
            }
        }

        Flush(bytes, text);
        return text.ToString();
    }

    /// <summary>Appends characters that are spelled in bytes; U+FFFD for each byte that belongs to none.</summary>
    private static void Flush(List<byte> bytes, StringBuilder text)
    {
        for (ReadOnlySpan<byte> rest = bytes.ToArray(); rest.Length > 0;)
        {
            bool isValid = Rune.DecodeFromUtf8(rest, out Rune rune, out int length) == System.Buffers.OperationStatus.Done;
            text.Append(isValid ? rune.ToString() : "\uFFFD");
            rest = rest[(isValid ? length : 1)..];
        }

        bytes.Clear();
    }

    private int? ControlId(string piece) => _table.IdOf(piece) is var id && Pieces[id].Kind == SentencePieceKind.Control ? id : null;
}
