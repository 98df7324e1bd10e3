using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Graft.Formats;

/// <summary>Writes the weights of a model folder as transformers does: one safetensors file, or shards and an index.</summary>
public static class CheckpointWriter
{
    /// <summary>The size at which transformers begins a new shard: 5 GB (decimal).</summary>
    public const long DefaultMaximumShardBytes = 5_000_000_000;

    private static readonly JsonWriterOptions IndexFormat = new() { Indented = true, IndentSize = 2, NewLine = "\n", Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Writes the weights and removes those of an earlier save, which readers might prefer.</summary>
    /// <param name="folder">The folder; created when missing.</param>
    /// <param name="tensors">All tensors. Their order decides which shard they go to.</param>
    /// <param name="maximumShardBytes">Tensor bytes a file may hold; a bigger tensor gets a file of its own.</param>
    /// <param name="baseName">What the files begin with: <c>model</c>, <c>adapter_model</c> ...</param>
    /// <param name="metadata">Strings for <c>__metadata__</c>; null means <c>format: pt</c>.</param>
    /// <returns>The names of the files written, the index last.</returns>
    /// <exception cref="IOException">A file could not be written.</exception>
    /// <exception cref="ArgumentException">A name occurs twice, or the limit is not positive.</exception>
    public static IReadOnlyList<string> Write(
        string folder,
        IEnumerable<TensorSource> tensors,
        long maximumShardBytes = DefaultMaximumShardBytes,
        string baseName = "model",
        IReadOnlyDictionary<string, string>? metadata = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        ArgumentNullException.ThrowIfNull(tensors);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(maximumShardBytes);
        ArgumentException.ThrowIfNullOrEmpty(baseName);
        TensorSource[] all = [.. tensors];
        if (all.GroupBy(tensor => tensor.Name, StringComparer.Ordinal).FirstOrDefault(group => group.Count() > 1) is { } twice)
        {
            throw new ArgumentException($"Two tensors are named '{twice.Key}'; names in a checkpoint must be unique.", nameof(tensors));
        }

        Directory.CreateDirectory(folder);
        List<List<TensorSource>> shards = Split(all, maximumShardBytes);
        var written = new List<string>();
        if (shards.Count <= 1)
        {
            written.Add(CheckpointNames.Single(baseName));
            SafetensorsWriter.Write(Path.Combine(folder, written[0]), all, metadata);
        }
        else
        {
            for (int i = 0; i < shards.Count; i++)
            {
                written.Add(CheckpointNames.Shard(baseName, i + 1, shards.Count));
                SafetensorsWriter.Write(Path.Combine(folder, written[i]), shards[i], metadata);
            }

            AtomicFile.WriteAllText(Path.Combine(folder, CheckpointNames.Index(baseName)), Index(shards, written));
            written.Add(CheckpointNames.Index(baseName));
        }

        RemoveStale(folder, baseName, written);
        return written;
    }

    /// <summary>Fills shards in the order given; a tensor over the limit is a shard of its own, which does not end the current one.</summary>
    internal static List<List<TensorSource>> Split(IEnumerable<TensorSource> tensors, long maximumShardBytes)
    {
        var shards = new List<List<TensorSource>>();
        var current = new List<TensorSource>();
        long bytes = 0;
        foreach (TensorSource tensor in tensors)
        {
            if (tensor.ByteLength > maximumShardBytes)
            {
                shards.Add([tensor]);
                continue;
            }

            if (bytes + tensor.ByteLength > maximumShardBytes)
            {
                shards.Add(current);
                (current, bytes) = ([], 0);
            }

            current.Add(tensor);
            bytes += tensor.ByteLength;
        }

        if (current.Count > 0)
        {
            shards.Add(current);
        }

        return shards;
    }

    private static string Index(List<List<TensorSource>> shards, List<string> names)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, IndexFormat))
        {
            json.WriteStartObject();
            json.WriteStartObject("metadata");
            json.WriteNumber("total_size", shards.SelectMany(shard => shard).Sum(tensor => tensor.ByteLength));
            json.WriteEndObject();
            json.WriteStartObject("weight_map");
            foreach ((string tensor, string file) in shards.SelectMany((shard, i) => shard.Select(tensor => (tensor.Name, names[i]))).OrderBy(entry => entry.Name, StringComparer.Ordinal))
            {
                json.WriteString(tensor, file);
            }

            json.WriteEndObject();
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.ToArray()) + "\n";
    }

    private static void RemoveStale(string folder, string baseName, List<string> written)
    {
        foreach (string path in Directory.EnumerateFiles(folder).ToList())
        {
            string name = Path.GetFileName(path);
            bool ours = name == CheckpointNames.Single(baseName) || name == CheckpointNames.Index(baseName) || CheckpointNames.IsShard(baseName, name);
            if (ours && !written.Contains(name))
            {
                File.Delete(path);
            }
        }
    }
}
