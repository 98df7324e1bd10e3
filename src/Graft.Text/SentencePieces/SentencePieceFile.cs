using System.Text;

namespace Graft.Text.SentencePieces;

/// <summary>Reads <c>spiece.model</c> and <c>tokenizer.model</c>: a protocol buffer, of which Graft needs few fields.</summary>
/// <remarks>Field numbers are those of sentencepiece_model.proto.</remarks>
internal static class SentencePieceFile
{
    private static readonly UTF8Encoding s_utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>The tokens and options of a file.</summary>
    /// <exception cref="InvalidDataException">It is damaged or something else.</exception>
    internal static (List<SentencePiece> Pieces, SentencePieceOptions Options) Read(ReadOnlySpan<byte> content, string where)
    {
        var pieces = new List<SentencePiece>();
        var options = new SentencePieceOptions();
        var reader = new ProtobufReader(content, where);
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1:
                    pieces.Add(ReadPiece(reader.Bytes(), where, pieces.Count));
                    break;
                case 2:
                    options = ReadTrainer(reader.Bytes(), where, options);
                    break;
                case 3:
                    options = ReadNormalizer(reader.Bytes(), where, options);
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }

        return (pieces, options);
    }

    private static SentencePiece ReadPiece(ReadOnlySpan<byte> message, string where, int id)
    {
        string text = string.Empty;
        float score = 0;
        long kind = (long)SentencePieceKind.Normal;
        var reader = new ProtobufReader(message, where);
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1:
                    text = Text(ref reader, $"piece {id}");
                    break;
                case 2:
                    score = reader.Single();
                    break;
                case 3:
                    kind = reader.Integer();
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }

        return kind is >= (long)SentencePieceKind.Normal and <= (long)SentencePieceKind.Byte
            ? new SentencePiece(text, score, (SentencePieceKind)kind)
            : throw reader.Damaged($"piece {id} ('{text}') has type {kind}, which is unknown");
    }

    private static SentencePieceOptions ReadTrainer(ReadOnlySpan<byte> message, string where, SentencePieceOptions options)
    {
        var reader = new ProtobufReader(message, where);
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 3:
                    long type = reader.Integer();
                    options = options with
                    {
                        Algorithm = type is >= (long)SentencePieceAlgorithm.Unigram and <= (long)SentencePieceAlgorithm.Character
                            ? (SentencePieceAlgorithm)type
                            : throw reader.Damaged($"model_type {type} is unknown; known are 1 (unigram), 2 (bpe), 3 (word) and 4 (char)"),
                    };
                    break;
                case 24:
                    options = options with { WhitespaceAsSuffix = reader.Integer() != 0 };
                    break;
                case 35:
                    options = options with { ByteFallback = reader.Integer() != 0 };
                    break;
                case 44:
                    options = options with { UnknownSurface = Text(ref reader, "unk_surface") };
                    break;
                case 46:
                    options = options with { BosPiece = Text(ref reader, "bos_piece") };
                    break;
                case 47:
                    options = options with { EosPiece = Text(ref reader, "eos_piece") };
                    break;
                case 48:
                    options = options with { PadPiece = Text(ref reader, "pad_piece") };
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }

        return options;
    }

    private static SentencePieceOptions ReadNormalizer(ReadOnlySpan<byte> message, string where, SentencePieceOptions options)
    {
        var reader = new ProtobufReader(message, where);
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 2:
                    options = options with { CharacterMap = reader.Bytes().ToArray() };
                    break;
                case 3:
                    options = options with { AddDummyPrefix = reader.Integer() != 0 };
                    break;
                case 4:
                    options = options with { RemoveExtraWhitespaces = reader.Integer() != 0 };
                    break;
                case 5:
                    options = options with { EscapeWhitespaces = reader.Integer() != 0 };
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }

        return options;
    }

    private static string Text(ref ProtobufReader reader, string what)
    {
        ReadOnlySpan<byte> bytes = reader.Bytes();
        try
        {
            return s_utf8.GetString(bytes);
        }
        catch (DecoderFallbackException)
        {
            throw reader.Damaged($"{what} is not valid UTF-8");
        }
    }
}
