using Graft.Text.Decoders;
using Graft.Text.PreTokenizers;

namespace Graft.Text.Loading;

/// <summary>Reads the <c>decoder</c> of tokenizer.json.</summary>
internal static class DecoderReader
{
    private const string Known = "BPEDecoder, ByteFallback, ByteLevel, CTC, Fuse, Metaspace, Replace, Sequence, Strip, WordPiece";

    /// <summary>The decoder that <paramref name="fields"/> describes.</summary>
    internal static IDecoder Read(JsonFields fields)
    {
        string type = fields.Text("type");
        return type switch
        {
            "Sequence" => new SequenceDecoder(fields.Objects("decoders").Select(Read).ToArray()),
            "BPEDecoder" => new BpeDecoder(fields.OptionalText("suffix") ?? "</w>"),
            "ByteFallback" => new ByteFallbackDecoder(),
            "ByteLevel" => new ByteLevelDecoder(),
            "CTC" => new CtcDecoder(fields.OptionalText("pad_token") ?? "<pad>", fields.OptionalText("word_delimiter_token") ?? "|", fields.Flag("cleanup", true)),
            "Fuse" => new FuseDecoder(),
            "Metaspace" => new MetaspaceDecoder(fields.Character("replacement"), PreTokenizerReader.ReadScheme(fields) != PrependScheme.Never),
            "Replace" => new ReplaceDecoder(PatternReader.Read(fields), fields.Text("content")),
            "Strip" => new StripDecoder(fields.Character("content"), fields.Number("start"), fields.Number("stop")),
            "WordPiece" => new WordPieceDecoder(fields.OptionalText("prefix") ?? "##", fields.Flag("cleanup", true)),
            _ => throw fields.Error($"unknown decoder '{type}'; known are {Known}"),
        };
    }
}
