using Graft.Text.Characters;
using Graft.Text.Normalizers;

namespace Graft.Text.Loading;

/// <summary>Reads the <c>normalizer</c> of tokenizer.json.</summary>
internal static class NormalizerReader
{
    private const string Known = "BertNormalizer, ByteLevel, Lowercase, NFC, NFD, NFKC, NFKD, Nmt, Precompiled, Prepend, Replace, Sequence, Strip, StripAccents";

    /// <summary>The normalizer that <paramref name="fields"/> describes.</summary>
    internal static INormalizer Read(JsonFields fields)
    {
        string type = fields.Text("type");
        return type switch
        {
            "Sequence" => new SequenceNormalizer(fields.Objects("normalizers").Select(Read).ToArray()),
            "BertNormalizer" => ReadBert(fields),
            "ByteLevel" => new ByteLevelNormalizer(),
            "Lowercase" => new LowercaseNormalizer(),
            "NFC" => new NormalFormNormalizer(compose: true, compatibility: false),
            "NFD" => new NormalFormNormalizer(compose: false, compatibility: false),
            "NFKC" => new NormalFormNormalizer(compose: true, compatibility: true),
            "NFKD" => new NormalFormNormalizer(compose: false, compatibility: true),
            "Nmt" => CharacterMapNormalizer.Nmt,
            "Precompiled" => ReadPrecompiled(fields),
            "Prepend" => new PrependNormalizer(fields.Text("prepend")),
            "Replace" => new ReplaceNormalizer(PatternReader.Read(fields), fields.Text("content")),
            "Strip" => new StripNormalizer(fields.Flag("strip_left", true), fields.Flag("strip_right", true)),
            "StripAccents" => CharacterMapNormalizer.StripAccents,
            _ => throw fields.Error($"unknown normalizer '{type}'; known are {Known}"),
        };
    }

    private static BertNormalizer ReadBert(JsonFields fields)
    {
        bool lowercase = fields.Flag("lowercase", true);
        return new BertNormalizer(
            fields.Flag("clean_text", true), fields.Flag("handle_chinese_chars", true), stripAccents: fields.Flag("strip_accents", lowercase), lowercase);
    }

    private static PrecompiledNormalizer ReadPrecompiled(JsonFields fields)
    {
        string base64 = fields.Text("precompiled_charsmap");
        byte[] blob = new byte[base64.Length];
        if (!Convert.TryFromBase64String(base64, blob, out int length))
        {
            throw fields.Error("'precompiled_charsmap' is not valid base64");
        }

        return new PrecompiledNormalizer(new PrecompiledCharacterMap(blob.AsSpan(0, length)));
    }
}
