using Graft.Models;

namespace Graft.Peft;

/// <summary>The <c>trainable_token_indices</c> field of other methods: rows of embeddings that are trained beside the adapter.</summary>
internal static class TokenRows
{
    /// <summary>Parts for them.</summary>
    /// <param name="indices">The field; null for none.</param>
    /// <param name="context">The model and the adapter.</param>
    /// <exception cref="ArgumentException">A module has no such rows.</exception>
    public static IEnumerable<TokenRowsPart> Create(TokenIndices? indices, AdapterContext context)
    {
        if (indices is null)
        {
            yield break;
        }

        LanguageModel model = context.Model;
        IEnumerable<(string Name, IReadOnlyList<int> Tokens)> entries = indices.Indices is { } list
            ? [(model.InputEmbedding.Name, list)]
            : indices.ByModule!.Select(entry => (entry.Key, entry.Value));
        var byModule = new Dictionary<Module, IReadOnlyList<int>>();
        foreach ((string name, IReadOnlyList<int> tokens) in entries)
        {
            Module module = model.NamedModules().FirstOrDefault(module => module.Name.Length > 0 && module.Name.EndsWith(name, StringComparison.Ordinal)) ?? throw Unknown(name, model);
            byModule[module is Embedding || ReferenceEquals(module, model.Head) ? module : throw Unknown(name, model)] = tokens;
        }

        foreach ((Module module, IReadOnlyList<int> tokens) in byModule)
        {
            // A tied head follows its embedding unless it has rows of its own.
            Linear? follower = TiedModules.IsTied(model) && !byModule.ContainsKey(model.Head) ? model.Head : null;
            yield return module is Embedding embedding ? new TokenRowsPart(embedding, follower, tokens, context) : new TokenRowsPart(null, (Linear)module, tokens, context);
        }
    }

    private static ArgumentException Unknown(string name, LanguageModel model)
        => new($"trainable_token_indices: '{name}' is neither the embedding nor the head of this {model.Config.ModelType} model; they are {model.InputEmbedding.Name} and {model.Head.Name}");
}
