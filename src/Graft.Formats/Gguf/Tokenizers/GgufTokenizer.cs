using System.Text.Encodings.Web;
using System.Text.Json;

namespace Graft.Formats;

/// <summary>The tokenizer that a GGUF file carries, as the files that Hugging Face would have for it.</summary>
/// <param name="Json">The content of a tokenizer.json.</param>
/// <param name="Config">The content of a tokenizer_config.json: special tokens, whether they are added, the chat template.</param>
public sealed record GgufTokenizer(byte[] Json, byte[] Config)
{
    private const string Prefix = "tokenizer.ggml.";

    private static readonly JsonWriterOptions Format = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Translates the metadata of a file.</summary>
    /// <remarks>
    /// <c>gpt2</c> is byte-level BPE with the splits that <c>tokenizer.ggml.pre</c> names; <c>llama</c> SentencePiece's BPE, whose
    /// merges follow from the scores; <c>t5</c> its Unigram. Control tokens and user-defined ones are matched whole in a text.
    /// </remarks>
    /// <param name="file">The file.</param>
    /// <exception cref="InvalidDataException">Metadata are missing or contradict each other.</exception>
    /// <exception cref="NotSupportedException">A kind of tokenizer that Graft does not know.</exception>
    public static GgufTokenizer Read(GgufFile file)
    {
        var metadata = new GgufMetadata(file);
        GgufVocabulary vocabulary = GgufVocabulary.Read(metadata);
        string kind = metadata.Text(Prefix + "model");
        Action<Utf8JsonWriter> write = kind switch
        {
            "gpt2" => json => GgufByteLevel.Write(json, metadata, vocabulary),
            "llama" => json => GgufSentencePiece.WriteBpe(json, vocabulary),
            "t5" => json => GgufSentencePiece.WriteUnigram(json, metadata, vocabulary),
            _ => throw new NotSupportedException(metadata.Error($"the tokenizer '{kind}' is not supported; gpt2, llama and t5 are").Message),
        };
        return new GgufTokenizer(Text(write), Text(json => WriteConfig(json, metadata, vocabulary)));
    }

    private static byte[] Text(Action<Utf8JsonWriter> write)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream, Format))
        {
            json.WriteStartObject();
            write(json);
            json.WriteEndObject();
        }

        return stream.ToArray();
    }

    private static void WriteConfig(Utf8JsonWriter json, GgufMetadata metadata, GgufVocabulary vocabulary)
    {
        json.WriteBoolean("add_bos_token", vocabulary.AddBos);
        json.WriteBoolean("add_eos_token", vocabulary.AddEos);
        foreach ((string name, int? id) in new[] { ("bos_token", vocabulary.Bos), ("eos_token", vocabulary.Eos), ("pad_token", vocabulary.Padding), ("unk_token", vocabulary.Unknown) })
        {
            if (id is int token)
            {
                json.WriteString(name, vocabulary.Tokens[token]);
            }
        }

        if (metadata.OptionalText("tokenizer.chat_template") is { } template)
        {
            json.WriteString("chat_template", template);
        }

        json.WriteBoolean("clean_up_tokenization_spaces", false);
        json.WriteString("tokenizer_class", "PreTrainedTokenizerFast");
    }
}
