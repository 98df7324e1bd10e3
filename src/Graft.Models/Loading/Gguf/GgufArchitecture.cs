using System.Text.Json;
using Graft.Formats;

namespace Graft.Models;

/// <summary>How llama.cpp stores one architecture: what its metadata mean in config.json, what its tensors are called, and in which order rows lie.</summary>
internal abstract class GgufArchitecture
{
    private static readonly GgufArchitecture[] All =
    [
        new GgufLlama("llama", "LlamaForCausalLM", permutes: true),
        new GgufLlama("qwen2", "Qwen2ForCausalLM", permutes: false),
        new GgufLlama("qwen3", "Qwen3ForCausalLM", permutes: false),
        new GgufBloom(),
        new GgufFalcon(),
        new GgufGpt2(),
        new GgufT5(),
    ];

    /// <summary>The value of <c>general.architecture</c>, which is also Hugging Face's <c>model_type</c>.</summary>
    public abstract string Name { get; }

    /// <summary>The class in Transformers.</summary>
    public abstract string ClassName { get; }

    /// <summary>The architecture of a file.</summary>
    /// <param name="metadata">The file's metadata.</param>
    /// <exception cref="NotSupportedException">It is not known.</exception>
    public static GgufArchitecture Of(GgufMetadata metadata)
    {
        string name = metadata.Text("general.architecture");
        return All.FirstOrDefault(architecture => architecture.Name == name)
            ?? throw new NotSupportedException(metadata.Error($"the architecture '{name}' is not supported in GGUF; {string.Join(", ", All.Select(architecture => architecture.Name))} are").Message);
    }

    /// <summary>The text of the config.json that Hugging Face would have for the file.</summary>
    /// <param name="metadata">The file's metadata.</param>
    public string Config(GgufMetadata metadata)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream, new JsonWriterOptions { Indented = true, NewLine = "\n" }))
        {
            json.WriteStartObject();
            json.WriteStartArray("architectures");
            json.WriteStringValue(ClassName);
            json.WriteEndArray();
            json.WriteString("model_type", Name);
            json.WriteNumber("vocab_size", VocabularySize(metadata));
            json.WriteBoolean("tie_word_embeddings", !metadata.File.TryGet("output.weight", out _));
            foreach ((string field, string key) in new[]
            {
                ("bos_token_id", "bos"), ("eos_token_id", "eos"), ("pad_token_id", "padding"), ("unk_token_id", "unknown"),
            })
            {
                if (metadata.OptionalInteger($"tokenizer.ggml.{key}_token_id") is int id)
                {
                    json.WriteNumber(field, id);
                }
            }

            WriteConfig(json, metadata);
            json.WriteEndObject();
        }

        return System.Text.Encoding.UTF8.GetString(stream.ToArray());
    }

    /// <summary>A tensor's name in the file.</summary>
    /// <param name="name">Its name in Transformers.</param>
    /// <returns>Null where the architecture has no such tensor.</returns>
    public string? TensorName(string name)
    {
        foreach ((string ours, string theirs) in WholeNames)
        {
            if (name == ours)
            {
                return theirs;
            }
        }

        foreach (GgufBlocks blocks in Blocks)
        {
            if (blocks.TensorName(name) is { } stored)
            {
                return stored;
            }
        }

        return null;
    }

    /// <summary>For each row of a tensor, which stored row it is; null where they are in order.</summary>
    /// <param name="name">The tensor's name in Transformers.</param>
    /// <param name="rows">Its rows.</param>
    /// <param name="metadata">The file's metadata.</param>
    public virtual int[]? StoredRows(string name, int rows, GgufMetadata metadata) => null;

    /// <summary>Whether a tensor of the file is no weight but a table that the configuration already says.</summary>
    /// <param name="name">Its name in the file.</param>
    public virtual bool IsIgnored(string name) => name == "rope_freqs.weight";

    /// <summary>Names outside the blocks: in Transformers, and in the file.</summary>
    protected abstract IReadOnlyList<(string Ours, string Theirs)> WholeNames { get; }

    /// <summary>Names inside blocks.</summary>
    protected abstract IReadOnlyList<GgufBlocks> Blocks { get; }

    /// <summary>Writes the fields that differ from architecture to architecture.</summary>
    protected abstract void WriteConfig(Utf8JsonWriter json, GgufMetadata metadata);

    /// <summary>The metadata key of this architecture.</summary>
    protected string Key(string name) => $"{Name}.{name}";

    /// <summary>Copies a number where the file has it.</summary>
    protected void Copy(Utf8JsonWriter json, GgufMetadata metadata, string field, string key)
    {
        if (metadata.OptionalNumber(Key(key)) is double number)
        {
            json.WriteNumber(field, number);
        }
    }

    private int VocabularySize(GgufMetadata metadata)
        => metadata.OptionalInteger(Key("vocab_size"))
            ?? (metadata.File.TryGet("token_embd.weight", out GgufTensor? table) && table.Shape.Count == 2 ? (int?)checked((int)table.Shape[0]) : null)
            ?? metadata.OptionalTexts("tokenizer.ggml.tokens")?.Length
            ?? throw metadata.Error($"neither {Key("vocab_size")} nor tokens say how large the vocabulary is");
}
