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

    /// <summary>Writes the weights, then the other files, config.json last: a folder with a config is complete.</summary>
    /// <param name="folder">The folder; created when missing.</param>
    /// <param name="model">The model.</param>
    /// <param name="storedAs">The format that a weight is to be saved in.</param>
    /// <param name="maximumShardBytes">Bytes of a file above which the weights are split.</param>
    public static void Write(string folder, LanguageModel model, Func<WeightSlot, DType> storedAs, long maximumShardBytes)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        Directory.CreateDirectory(folder);
        CheckpointWriter.Write(folder, model.DistinctWeights().Select(weight => Source(weight.Name, weight.Slot.Original, storedAs(weight.Slot))), maximumShardBytes);
        if (model.Folder is { } source && Path.GetFullPath(source) != Path.GetFullPath(folder))
        {
            foreach (string name in Companions.Where(name => File.Exists(Path.Combine(source, name))))
            {
                byte[] bytes = File.ReadAllBytes(Path.Combine(source, name));
                AtomicFile.Write(Path.Combine(folder, name), stream => stream.Write(bytes), bytes.Length);
            }
        }

        AtomicFile.WriteAllText(Path.Combine(folder, "config.json"), Config(model));
    }

    /// <summary>The config as it was, unless merging has given the head a matrix of its own.</summary>
    private static string Config(LanguageModel model)
    {
        JsonElement root = model.Config.Reader.Root;
        bool isTied = ReferenceEquals(model.Head.Weight.Original, model.InputEmbedding.Weight.Original);
        if (isTied == model.Config.TieWordEmbeddings)
        {
            return root.GetRawText();
        }

        var members = root.EnumerateObject().Where(member => member.Name != "tie_word_embeddings").Select(member => KeyValuePair.Create(member.Name, (object?)member.Value));
        return PythonJson.Write(members.Append(KeyValuePair.Create("tie_word_embeddings", (object?)isTied)));
    }

    private static TensorSource Source(string name, Parameter weight, DType dtype)
    {
        long[] shape = [.. weight.Shape.Select(size => (long)size)];
        return new TensorSource(name, dtype, shape, stream => StoredValues.WriteTo(stream, weight, dtype));
    }
}
