using System.Text.Json;
using Graft.Models;

namespace Graft.Peft;

/// <summary>The rows of embeddings that are trained: one list for the token embedding, or a list for each of several modules.</summary>
public sealed class TokenIndices
{
    private TokenIndices(IReadOnlyList<int>? indices, IReadOnlyDictionary<string, IReadOnlyList<int>>? byModule)
    {
        Indices = indices;
        ByModule = byModule;
    }

    /// <summary>Rows of the token embedding, or null.</summary>
    public IReadOnlyList<int>? Indices { get; }

    /// <summary>Rows by the end of the module's path, or null.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<int>>? ByModule { get; }

    /// <summary>Rows of the token embedding.</summary>
    /// <param name="indices">Token ids.</param>
    public static TokenIndices Of(params int[] indices) => new(indices, null);

    /// <summary>Rows of several modules.</summary>
    /// <param name="byModule">Token ids by the end of the module's path.</param>
    public static TokenIndices Of(IReadOnlyDictionary<string, IReadOnlyList<int>> byModule) => new(null, byModule);

    internal static TokenIndices? Read(ConfigReader reader)
    {
        if (!reader.Has("trainable_token_indices"))
        {
            return null;
        }

        if (reader.Root.GetProperty("trainable_token_indices").ValueKind == JsonValueKind.Array)
        {
            return new TokenIndices(reader.IntegerOrList("trainable_token_indices"), null);
        }

        ConfigReader section = reader.Section("trainable_token_indices")!;
        var byModule = new OrderedDictionary<string, IReadOnlyList<int>>();
        foreach (JsonProperty entry in section.Root.EnumerateObject())
        {
            byModule[entry.Name] = section.IntegerOrList(entry.Name);
        }

        return new TokenIndices(null, byModule);
    }

    internal object ToJsonValue() => Indices is not null ? Indices : ByModule!.Select(entry => KeyValuePair.Create(entry.Key, (object?)entry.Value));
}
