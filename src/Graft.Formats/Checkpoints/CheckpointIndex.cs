using System.Text.Json;

namespace Graft.Formats;

/// <summary>A checkpoint index (<c>*.index.json</c>): which file holds which tensor.</summary>
/// <remarks><c>metadata</c>, its <c>total_size</c> included, is ignored, as transformers does: files in use carry wrong ones.</remarks>
internal sealed class CheckpointIndex
{
    private const long MaximumLength = 256L << 20;

    private CheckpointIndex(string path, IReadOnlyList<KeyValuePair<string, string>> weightMap)
    {
        Path = path;
        WeightMap = weightMap;
    }

    /// <summary>The index file.</summary>
    public string Path { get; }

    /// <summary>Tensor names and the files they are said to be in, in the order of the index. The file names are not checked.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> WeightMap { get; }

    /// <summary>Reads <paramref name="path"/>.</summary>
    /// <exception cref="InvalidDataException">It is not a JSON object with a weight_map of strings.</exception>
    public static CheckpointIndex Read(string path)
    {
        long length = new FileInfo(path).Length;
        if (length > MaximumLength)
        {
            throw new InvalidDataException($"'{path}' has {length} bytes, too many for a checkpoint index.");
        }

        try
        {
            using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(path), new JsonDocumentOptions { AllowDuplicateProperties = false });
            return new CheckpointIndex(path, ReadWeightMap(path, document.RootElement));
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"'{path}' is not a valid checkpoint index: {e.Message} Download or save it again.", e);
        }
        catch (InvalidOperationException e)
        {
            throw new InvalidDataException($"'{path}' is not a valid checkpoint index: a string is not valid text: {e.Message}", e);
        }
    }

    private static List<KeyValuePair<string, string>> ReadWeightMap(string path, JsonElement root)
    {
        if (root.ValueKind != JsonValueKind.Object || !root.TryGetProperty("weight_map", out JsonElement map) || map.ValueKind != JsonValueKind.Object)
        {
            throw new InvalidDataException($"'{path}' is not a checkpoint index: it must be a JSON object whose \"weight_map\" is an object of tensor names and file names.");
        }

        var entries = new List<KeyValuePair<string, string>>();
        foreach (JsonProperty entry in map.EnumerateObject())
        {
            if (entry.Value.ValueKind != JsonValueKind.String)
            {
                throw new InvalidDataException($"'{path}': weight_map['{entry.Name}'] is {entry.Value.ValueKind}, but must be the name of the file that holds the tensor.");
            }

            entries.Add(new KeyValuePair<string, string>(entry.Name, entry.Value.GetString()!));
        }

        return entries;
    }
}
