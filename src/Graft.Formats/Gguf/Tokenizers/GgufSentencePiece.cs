using System.Text.Json;

namespace Graft.Formats;

/// <summary>SentencePiece tokenizers: spaces are a character of their own, and a text's first word has one before it.</summary>
internal static class GgufSentencePiece
{
    private const string Space = "\u2581";

    /// <summary>BPE; the merges are all ways to put a token together from two others, by the token's score.</summary>
    public static void WriteBpe(Utf8JsonWriter json, GgufVocabulary vocabulary)
    {
        json.WriteString("version", "1.0");
        vocabulary.WriteAddedTokens(json);
        WriteMetaspace(json, "pre_tokenizer", "first", split: false);
        WritePostProcessor(json, vocabulary);
        json.WriteStartObject("decoder");
        json.WriteString("type", "Sequence");
        json.WriteStartArray("decoders");
        WriteReplacement(json);
        WritePart(json, "ByteFallback");
        WritePart(json, "Fuse");
        json.WriteStartObject();
        json.WriteString("type", "Strip");
        json.WriteString("content", " ");
        json.WriteNumber("start", 1);
        json.WriteNumber("stop", 0);
        json.WriteEndObject();
        json.WriteEndArray();
        json.WriteEndObject();

        json.WriteStartObject("model");
        json.WriteString("type", "BPE");
        if (vocabulary.Unknown is int unknown)
        {
            json.WriteString("unk_token", vocabulary.Tokens[unknown]);
        }

        json.WriteBoolean("fuse_unk", true);
        json.WriteBoolean("byte_fallback", true);
        vocabulary.WriteIds(json);
        json.WriteStartArray("merges");
        foreach ((string left, string right) in Merges(vocabulary))
        {
            json.WriteStartArray();
            json.WriteStringValue(left);
            json.WriteStringValue(right);
            json.WriteEndArray();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    /// <summary>Unigram, as in T5.</summary>
    public static void WriteUnigram(Utf8JsonWriter json, GgufMetadata metadata, GgufVocabulary vocabulary)
    {
        float[] scores = vocabulary.Scores ?? throw metadata.Error("the metadata lack tokenizer.ggml.scores, which a Unigram tokenizer needs");
        json.WriteString("version", "1.0");
        vocabulary.WriteAddedTokens(json);
        WriteUnigramNormalizer(json);
        WriteMetaspace(json, "pre_tokenizer", "always", split: true);
        WritePostProcessor(json, vocabulary);
        WriteMetaspace(json, "decoder", "always", split: true);
        json.WriteStartObject("model");
        json.WriteString("type", "Unigram");
        if (vocabulary.Unknown is int unknown)
        {
            json.WriteNumber("unk_id", unknown);
        }

        json.WriteStartArray("vocab");
        for (int id = 0; id < scores.Length; id++)
        {
            json.WriteStartArray();
            json.WriteStringValue(vocabulary.Tokens[id]);
            json.WriteNumberValue((double)scores[id]);
            json.WriteEndArray();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    /// <summary>Every pair of tokens that makes a third: first by the score of the third, then by those of the parts; equal ones in the vocabulary's order.</summary>
    private static IEnumerable<(string Left, string Right)> Merges(GgufVocabulary vocabulary)
    {
        var scores = new Dictionary<string, float>(StringComparer.Ordinal);
        for (int id = 0; id < vocabulary.Tokens.Length; id++)
        {
            scores[vocabulary.Tokens[id]] = vocabulary.Scores?[id] ?? -id;
        }

        var merges = new List<(string Left, string Right, float Score)>();
        foreach ((string token, float score) in scores)
        {
            var ways = new List<(string Left, string Right)>();
            for (int cut = 1; cut < token.Length; cut++)
            {
                if (!char.IsLowSurrogate(token[cut]) && scores.ContainsKey(token[..cut]) && scores.ContainsKey(token[cut..]))
                {
                    ways.Add((token[..cut], token[cut..]));
                }
            }

            merges.AddRange(ways.OrderByDescending(way => scores[way.Left]).ThenByDescending(way => scores[way.Right]).Select(way => (way.Left, way.Right, score)));
        }

        return merges.OrderByDescending(merge => merge.Score).Select(merge => (merge.Left, merge.Right));
    }

    /// <summary>Runs of blanks become one space; blanks at the ends fall away.</summary>
    private static void WriteUnigramNormalizer(Utf8JsonWriter json)
    {
        json.WriteStartObject("normalizer");
        json.WriteString("type", "Sequence");
        json.WriteStartArray("normalizers");
        WritePart(json, "Nmt");
        WritePart(json, "NFKC");
        json.WriteStartObject();
        json.WriteString("type", "Strip");
        json.WriteBoolean("strip_left", true);
        json.WriteBoolean("strip_right", true);
        json.WriteEndObject();
        json.WriteStartObject();
        json.WriteString("type", "Replace");
        json.WriteStartObject("pattern");
        json.WriteString("Regex", " {2,}");
        json.WriteEndObject();
        json.WriteString("content", " ");
        json.WriteEndObject();
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WritePostProcessor(Utf8JsonWriter json, GgufVocabulary vocabulary)
    {
        if (vocabulary is { AddBos: true, Bos: not null } or { AddEos: true, Eos: not null })
        {
            json.WriteStartObject("post_processor");
            vocabulary.WriteTemplate(json);
            json.WriteEndObject();
        }
    }

    private static void WriteMetaspace(Utf8JsonWriter json, string name, string scheme, bool split)
    {
        json.WriteStartObject(name);
        json.WriteString("type", "Metaspace");
        json.WriteString("replacement", Space);
        json.WriteString("prepend_scheme", scheme);
        json.WriteBoolean("split", split);
        json.WriteEndObject();
    }

    private static void WriteReplacement(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("type", "Replace");
        json.WriteStartObject("pattern");
        json.WriteString("String", Space);
        json.WriteEndObject();
        json.WriteString("content", " ");
        json.WriteEndObject();
    }

    private static void WritePart(Utf8JsonWriter json, string type)
    {
        json.WriteStartObject();
        json.WriteString("type", type);
        json.WriteEndObject();
    }
}
