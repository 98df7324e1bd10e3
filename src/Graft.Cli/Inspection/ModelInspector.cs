using System.Text.Json;
using Graft.Cli.Rendering;
using Graft.Formats;
using Graft.Models;

namespace Graft.Cli.Inspection;

/// <summary>Model folders.</summary>
internal static class ModelInspector
{
    /// <summary>What shapes are called in config.json, by the name that is shown.</summary>
    private static readonly (string Name, string[] Spellings)[] Shapes =
    [
        ("hidden_size", ["hidden_size", "n_embed", "n_embd"]),
        ("num_hidden_layers", ["num_hidden_layers", "n_layer"]),
        ("num_attention_heads", ["num_attention_heads", "n_head"]),
        ("num_key_value_heads", ["num_key_value_heads"]),
        ("head_dim", ["head_dim"]),
        ("intermediate_size", ["intermediate_size", "n_inner"]),
        ("vocab_size", ["vocab_size"]),
        ("max_position_embeddings", ["max_position_embeddings", "n_positions"]),
        ("tie_word_embeddings", ["tie_word_embeddings"]),
    ];

    /// <summary>Fields that say nothing about what the model computes.</summary>
    private static readonly string[] Harmless =
    [
        "_name_or_path", "architectures", "dtype", "gradient_checkpointing", "is_decoder", "model_type", "output_attentions", "output_hidden_states", "return_dict", "slow_but_exact", "torch_dtype",
        "transformers_version", "unk_token_id", "use_cache",
    ];

    private static readonly string[] WeightFiles = ["model.safetensors", "model.safetensors.index.json", "pytorch_model.bin", "pytorch_model.bin.index.json"];

    /// <summary>Whether a folder is a model's, complete or not.</summary>
    public static bool IsModel(string folder) => WeightFiles.Append("config.json").Any(name => File.Exists(Path.Combine(folder, name)));

    /// <summary>Inspects one.</summary>
    public static void Inspect(InspectionReport report, string folder, InspectionOptions options)
    {
        report.Kind = "model folder";
        AddConfig(report, folder);
        report.Attempt(() =>
        {
            using CheckpointFolder weights = CheckpointFolder.Open(folder);
            TensorInspector.Describe(report, weights);
            if (options.ReadValues)
            {
                TensorInspector.ReadValues(report, weights);
            }
        });
        long? embeddingRows = null;
        report.Attempt(() =>
        {
            using LanguageModel model = LanguageModel.Load(folder, options.Quantization);
            if (StorageText.Of(model) is { } storage)
            {
                report.Fact("quantized_weights", storage);
                report.Fact("size_in_memory", new ByteSize(StorageText.BytesOf(model)));
            }

            embeddingRows = model.InputEmbedding.VocabularySize;
            report.Fact("parameters", model.DistinctWeights().Sum(weight => weight.Slot.Original.Count));
            NoteUnreadFields(report, model.Config.Reader);
        });
        TokenizerInspector.AddTo(report, folder, embeddingRows);
    }

    /// <summary>What config.json says, whether Graft knows the family or not.</summary>
    private static void AddConfig(InspectionReport report, string folder)
    {
        string path = Path.Combine(folder, "config.json");
        if (!File.Exists(path))
        {
            return;
        }

        report.Attempt(() =>
        {
            JsonElement root = ConfigReader.Open(path).Root;
            if (root.TryGetProperty("model_type", out JsonElement type) && type.ValueKind == JsonValueKind.String)
            {
                report.Kind = $"model folder ({type.GetString()})";
                report.Fact("model_type", type);
            }

            if (root.TryGetProperty("architectures", out JsonElement names) && names.ValueKind == JsonValueKind.Array)
            {
                report.Fact("architectures", names);
            }

            foreach ((string name, string[] spellings) in Shapes)
            {
                string? spelling = Array.Find(spellings, candidate => root.TryGetProperty(candidate, out JsonElement value) && value.ValueKind != JsonValueKind.Null);
                if (spelling is not null)
                {
                    report.Fact(name, root.GetProperty(spelling));
                }
            }
        });
    }

    private static void NoteUnreadFields(InspectionReport report, ConfigReader config)
    {
        string[] unread = [.. config.UnreadFields.Where(name => !Harmless.Contains(name)).Order(StringComparer.Ordinal)];
        if (unread.Length > 0)
        {
            report.Note($"fields of config.json that have no effect here: {string.Join(", ", unread)}");
        }
    }
}
