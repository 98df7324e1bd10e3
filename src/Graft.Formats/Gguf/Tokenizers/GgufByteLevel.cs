using System.Text.Json;

namespace Graft.Formats;

/// <summary>Byte-level BPE as in GPT-2, with the splits of the model that it comes from.</summary>
internal static class GgufByteLevel
{
    private const string Contractions = "(?i:'s|'t|'re|'ve|'m|'ll|'d)";
    private const string Rest = @" ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
    private const string Llama3 = Contractions + @"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}|" + Rest;
    private const string Qwen2 = Contractions + @"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}|" + Rest;
    private const string Bloom = @" ?[^(\s|[.,!?…。，、।۔،])]+";

    private static readonly Dictionary<string, Action<Utf8JsonWriter>> Splits = ByName();

    public static void Write(Utf8JsonWriter json, GgufMetadata metadata, GgufVocabulary vocabulary)
    {
        string name = metadata.OptionalText("tokenizer.ggml.pre") ?? "default";
        if (!Splits.TryGetValue(name, out Action<Utf8JsonWriter>? writeSplits))
        {
            throw new NotSupportedException(metadata.Error($"how the tokenizer splits texts, tokenizer.ggml.pre '{name}', is not known; known are {string.Join(", ", Splits.Keys.Order())}. Give the folder of the original tokenizer").Message);
        }

        json.WriteString("version", "1.0");
        vocabulary.WriteAddedTokens(json);
        if (name is "qwen2" or "stablelm2")
        {
            json.WriteStartObject("normalizer");
            json.WriteString("type", "NFC");
            json.WriteEndObject();
        }

        json.WriteStartObject("pre_tokenizer");
        json.WriteString("type", "Sequence");
        json.WriteStartArray("pretokenizers");
        writeSplits(json);
        json.WriteEndArray();
        json.WriteEndObject();
        json.WriteStartObject("post_processor");
        if (!vocabulary.WriteTemplate(json))
        {
            WriteByteLevel(json, splitsWords: true);
        }

        json.WriteEndObject();
        json.WriteStartObject("decoder");
        WriteByteLevel(json, splitsWords: true);
        json.WriteEndObject();
        WriteModel(json, metadata, vocabulary, ignoreMerges: IsLlama3(name));
    }

    private static void WriteModel(Utf8JsonWriter json, GgufMetadata metadata, GgufVocabulary vocabulary, bool ignoreMerges)
    {
        json.WriteStartObject("model");
        json.WriteString("type", "BPE");
        json.WriteBoolean("ignore_merges", ignoreMerges);
        vocabulary.WriteIds(json);
        json.WriteStartArray("merges");
        foreach (string merge in metadata.OptionalTexts("tokenizer.ggml.merges") ?? throw metadata.Error("the metadata lack tokenizer.ggml.merges, which byte-level BPE needs"))
        {
            json.WriteStringValue(merge);
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static bool IsLlama3(string name) => name is "llama-bpe" or "llama3" or "llama-v3" or "falcon3" or "dbrx" or "smaug-bpe";

    private static Dictionary<string, Action<Utf8JsonWriter>> ByName()
    {
        var splits = new Dictionary<string, Action<Utf8JsonWriter>>(StringComparer.Ordinal);
        void Add(Action<Utf8JsonWriter> write, params string[] names)
        {
            foreach (string name in names)
            {
                splits.Add(name, write);
            }
        }

        Add(json => Component(json, () => WriteByteLevel(json, splitsWords: true)), "default", "gpt-2", "phi-2", "mpt", "olmo", "roberta-bpe");
        Add(Digits, "smollm", "starcoder", "refact", "command-r", "codeshell", "exaone");
        Add(json => Pattern(json, Qwen2), "qwen2", "stablelm2");
        Add(json => Pattern(json, Llama3), "llama-bpe", "llama3", "llama-v3", "falcon3", "dbrx", "smaug-bpe");
        Add(json => Pattern(json, Bloom), "bloom", "gpt3-finnish", "poro-chat");
        Add(Falcon, "falcon");
        return splits;
    }

    /// <summary>Every digit alone, then as GPT-2.</summary>
    private static void Digits(Utf8JsonWriter json)
    {
        Component(json, () =>
        {
            json.WriteString("type", "Digits");
            json.WriteBoolean("individual_digits", true);
        });
        Component(json, () => WriteByteLevel(json, splitsWords: true));
    }

    /// <summary>By a regular expression alone.</summary>
    private static void Pattern(Utf8JsonWriter json, string pattern)
    {
        Component(json, () => WriteSplit(json, pattern));
        Component(json, () => WriteByteLevel(json, splitsWords: false));
    }

    /// <summary>Runs of punctuation, then as GPT-2, then numbers, three digits at a time.</summary>
    private static void Falcon(Utf8JsonWriter json)
    {
        Component(json, () =>
        {
            json.WriteString("type", "Punctuation");
            json.WriteString("behavior", "Contiguous");
        });
        Component(json, () => WriteByteLevel(json, splitsWords: true));
        Component(json, () =>
        {
            json.WriteString("type", "Digits");
            json.WriteBoolean("individual_digits", false);
        });
        Component(json, () => WriteSplit(json, "[0-9][0-9][0-9]"));
    }

    private static void Component(Utf8JsonWriter json, Action write)
    {
        json.WriteStartObject();
        write();
        json.WriteEndObject();
    }

    private static void WriteSplit(Utf8JsonWriter json, string pattern)
    {
        json.WriteString("type", "Split");
        json.WriteStartObject("pattern");
        json.WriteString("Regex", pattern);
        json.WriteEndObject();
        json.WriteString("behavior", "Isolated");
        json.WriteBoolean("invert", false);
    }

    private static void WriteByteLevel(Utf8JsonWriter json, bool splitsWords)
    {
        json.WriteString("type", "ByteLevel");
        json.WriteBoolean("add_prefix_space", false);
        json.WriteBoolean("trim_offsets", false);
        json.WriteBoolean("use_regex", splitsWords);
    }
}
