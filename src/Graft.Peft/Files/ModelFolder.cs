using System.Text.Json;
using Graft.Formats;
using Graft.Models;
using Graft.Tensors;

namespace Graft.Peft;

/// <summary>Writes a base model as a Hugging Face folder.</summary>
internal static class ModelFolder
{
    /// <summary>What goes with a model besides its weights and config: the tokenizer, and how to generate.</summary>
    private static readonly string[] Companions =
    [
        "added_tokens.json", "chat_template.jinja", "chat_template.json", "generation_config.json", "merges.txt", "sentencepiece.bpe.model", "special_tokens_map.json",
        "spiece.model", "tokenizer.json", "tokenizer.model", "tokenizer_config.json", "vocab.json", "vocab.txt",
    ];

    /// <summary>What the weights are to be loaded as: today's name, and the older one.</summary>
    private static readonly string[] DTypeFields = ["dtype", "torch_dtype"];

    /// <summary>Writes the weights, then the other files, config.json last: a folder with a config is complete.</summary>
    /// <param name="folder">The folder; created when missing.</param>
    /// <param name="model">The model.</param>
    /// <param name="storedAs">The format that a weight is to be saved in.</param>
    /// <param name="maximumShardBytes">Bytes of a file above which the weights are split.</param>
    /// <param name="dtype">The one format of all weights, which config.json then names; null where they keep theirs.</param>
    public static void Write(string folder, LanguageModel model, Func<WeightSlot, DType> storedAs, long maximumShardBytes, DType? dtype)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        Directory.CreateDirectory(folder);
        CheckpointWriter.Write(folder, Tensors(model, storedAs), maximumShardBytes);
        if (model.Folder is { } file && GgufModel.IsGguf(file))
        {
            WriteTokenizer(folder, file);
        }
        else if (model.Folder is { } source && Path.GetFullPath(source) != Path.GetFullPath(folder))
        {
            foreach (string name in Companions.Where(name => File.Exists(Path.Combine(source, name))))
            {
                WriteBytes(folder, name, File.ReadAllBytes(Path.Combine(source, name)));
            }
        }

        AtomicFile.WriteAllText(Path.Combine(folder, "config.json"), Config(model, dtype));
    }

    /// <summary>The tokenizer that a GGUF file carries, where it does.</summary>
    private static void WriteTokenizer(string folder, string path)
    {
        using GgufFile file = GgufFile.Open(path);
        if (new GgufMetadata(file).Has("tokenizer.ggml.tokens"))
        {
            GgufTokenizer tokenizer = GgufTokenizer.Read(file);
            WriteBytes(folder, "tokenizer.json", tokenizer.Json);
            WriteBytes(folder, "tokenizer_config.json", tokenizer.Config);
        }
    }

    private static void WriteBytes(string folder, string name, byte[] bytes) => AtomicFile.Write(Path.Combine(folder, name), stream => stream.Write(bytes), bytes.Length);

    /// <summary>The config as it was, unless merging has given the head a matrix of its own, an adapter has brought another vocabulary, or the weights are stored otherwise.</summary>
    private static string Config(LanguageModel model, DType? dtype)
    {
        JsonElement root = model.Config.Reader.Root;
        bool isTied = ReferenceEquals(model.Head.Weight.Original, model.InputEmbedding.Weight.Original);
        int vocabulary = model.InputEmbedding.Weight.Original.Shape[0];
        string[] dtypeFields = dtype is null ? [] : [.. DTypeFields.Where(name => root.TryGetProperty(name, out _))];
        if (dtypeFields.Length == 0 && isTied == model.Config.TieWordEmbeddings && vocabulary == model.Config.VocabularySize && model.Quantization == QuantizationConfig.Of(model.Config.Reader))
        {
            return root.GetRawText();
        }

        string[] changed = ["tie_word_embeddings", "vocab_size", "quantization_config", .. dtypeFields];
        var members = root.EnumerateObject().Where(member => !changed.Contains(member.Name)).Select(member => KeyValuePair.Create(member.Name, (object?)member.Value)).ToList();
        members.Add(KeyValuePair.Create("tie_word_embeddings", (object?)isTied));
        members.Add(KeyValuePair.Create("vocab_size", (object?)vocabulary));
        members.AddRange(dtypeFields.Select(name => KeyValuePair.Create(name, (object?)dtype.ToString()!.ToLowerInvariant())));
        if (model.Quantization is { } quantization)
        {
            members.Add(KeyValuePair.Create("quantization_config", (object?)Json(quantization)));
        }

        return PythonJson.Write(members);
    }

    private static JsonElement Json(QuantizationConfig quantization)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream))
        {
            quantization.Write(json);
        }

        using JsonDocument document = JsonDocument.Parse(stream.ToArray());
        return document.RootElement.Clone();
    }

    /// <summary>Quantised weights are several tensors each; blocks of a GGUF file are decoded to fp32, and turned round where the folder's format is so.</summary>
    private static IEnumerable<TensorSource> Tensors(LanguageModel model, Func<WeightSlot, DType> storedAs)
    {
        Dictionary<WeightSlot, Linear> layers = model.NamedModules().OfType<Linear>().ToDictionary(layer => layer.Weight);
        foreach ((string name, WeightSlot slot) in model.DistinctWeights())
        {
            Parameter weight = slot.Original;
            if (QuantizedTensors.CanSave(weight))
            {
                foreach (TensorSource tensor in QuantizedTensors.Of(name, weight, model.Quantization?.Bnb4BitQuantStorage ?? DType.UInt8))
                {
                    yield return tensor;
                }

                continue;
            }

            DType dtype = storedAs(slot).IsWeightType() ? storedAs(slot) : weight.Quantized is null ? weight.DType : DType.Float32;
            bool turn = layers.TryGetValue(slot, out Linear? layer) && layer.Layout != layer.CheckpointLayout;
            yield return turn ? Transposed(name, weight, dtype) : Source(name, weight, dtype);
        }
    }

    private static TensorSource Transposed(string name, Parameter weight, DType dtype)
        => new(name, dtype, [weight.Shape[1], weight.Shape[0]], stream =>
        {
            Parameter turned = StoredValues.Create(name, [weight.Shape[1], weight.Shape[0]], dtype);
            StoredValues.Write(turned, 0, LowRankProduct.Transpose(weight.ToArray(), weight.Shape[0], weight.Shape[1]));
            StoredValues.WriteTo(stream, turned, dtype);
        });

    private static TensorSource Source(string name, Parameter weight, DType dtype)
    {
        long[] shape = [.. weight.Shape.Select(size => (long)size)];
        return new TensorSource(name, dtype, shape, stream => StoredValues.WriteTo(stream, weight, dtype));
    }
}
