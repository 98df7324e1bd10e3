using Graft.Formats;
using Graft.Models;
using Graft.Tensors;

namespace Graft.Peft;

/// <summary>Embedding and head weights that come with an adapter: PEFT saves them when they are targets, or when the vocabulary was changed.</summary>
internal static class SavedEmbeddings
{
    /// <summary>The two names that PEFT looks for in target_modules; BLOOM's <c>word_embeddings</c> is not among them.</summary>
    private static readonly string[] KnownNames = ["embed_tokens", "lm_head"];

    /// <summary>Parts that replace the base model's embedding and head by those in the file; both may have another vocabulary than the base model.</summary>
    /// <param name="file">The open weights.</param>
    /// <param name="model">The base model.</param>
    /// <param name="expected">Keys that belong to the adapter itself.</param>
    public static IReadOnlyList<AdapterPart> Create(CheckpointFolder file, LanguageModel model, IReadOnlyDictionary<string, AdapterParameter> expected)
    {
        int? vocabulary = Vocabulary(file, model);
        var parts = new List<AdapterPart>();
        var done = new HashSet<Parameter>(ReferenceEqualityComparer.Instance);
        foreach ((Module module, WeightSlot slot) in Places(model).Where(place => done.Add(place.Slot.Original)))
        {
            (Module Module, WeightSlot Slot)[] shared = [.. Places(model).Where(place => ReferenceEquals(place.Slot.Original, slot.Original))];
            string[] keys = [.. shared.SelectMany(place => Keys(place.Module)).Where(key => !expected.ContainsKey(key) && file.Tensors.ContainsKey(key))];
            if (keys.Length == 0)
            {
                continue;
            }

            var weight = StoredValues.Create(slot.Original.Name, [vocabulary ?? slot.Original.Shape[0], slot.Original.Shape[1]], slot.Original.DType);
            var parameter = new AdapterParameter(keys[0], keys[0], ModuleTypes.Of(module), weight) { Aliases = keys[1..], Trains = false, IsBaseWeight = true };
            parts.Add(new BaseWeightPart(module.Name, shared.Select(place => place.Slot), parameter));
        }

        return parts;
    }

    /// <summary>The number of tokens, where the file holds embedding and head as a whole and they agree; null otherwise. An adapted layer keeps the number it has.</summary>
    private static int? Vocabulary(CheckpointFolder file, LanguageModel model)
    {
        long[] rows = [.. Places(model)
            .Select(place => file.Tensors.TryGetValue($"{AdapterParameter.Prefix}{place.Module.Name}.weight", out TensorEntry? entry) && entry.Shape.Count == 2 ? entry.Shape[0] : -1)
            .Where((count, i) => count >= 0 || i == 0 || !TiedModules.IsTied(model))
            .Distinct()];
        return rows is [> 0 and <= int.MaxValue] ? (int)rows[0] : null;
    }

    /// <summary>The embedding weights that PEFT writes beside an adapter's own tensors.</summary>
    /// <param name="adapter">The adapter.</param>
    /// <param name="model">The base model.</param>
    /// <param name="save">Whether to save both; null: when the vocabulary differs from the base folder's config.</param>
    /// <returns>Keys and weights.</returns>
    public static IEnumerable<(string Key, Parameter Weight)> ToSave(Adapter adapter, LanguageModel model, bool? save)
    {
        HashSet<string> targeted = [.. adapter.Parts.OfType<LoraLinearPart>().Select(part => part.ModuleName), .. adapter.Parts.OfType<LoraEmbeddingPart>().SelectMany(part => part.ModuleNames)];
        if (adapter.Config is LayerAdapterConfig config && save != false && IsTargetedByName(config, model))
        {
            return Places(model).Where(place => targeted.Contains(place.Module.Name)).Select(place => ($"{AdapterParameter.Prefix}{place.Module.Name}.base_layer.weight", place.Slot.Original));
        }

        return save ?? HasOtherVocabulary(adapter.Config, model)
            ? Places(model).Select(place => ($"{AdapterParameter.Prefix}{place.Module.Name}.{(targeted.Contains(place.Module.Name) ? "base_layer." : string.Empty)}weight", place.Slot.Original))
            : [];
    }

    private static bool IsTargetedByName(LayerAdapterConfig config, LanguageModel model) => config.TargetModules switch
    {
        null => false,
        { Text: { } text } => NamePattern.FullMatch(text, "target_modules") is var regex
            && Places(model).Any(place => KnownNames.Any(name => NamePattern.HasSuffix(place.Module.Name, name)) && NamePattern.Matches(regex, place.Module.Name)),
        { } names => KnownNames.Any(name => names.Contains(name, StringComparer.Ordinal)),
    };

    private static bool HasOtherVocabulary(AdapterConfig config, LanguageModel model)
    {
        string folder = config.BaseModelNameOrPath is { } path && Directory.Exists(path) ? path : model.Folder ?? string.Empty;
        string file = Path.Combine(folder, "config.json");
        return folder.Length > 0 && File.Exists(file) && ConfigReader.Open(file).OptionalInteger("vocab_size") is { } size && size != model.InputEmbedding.VocabularySize;
    }

    private static IEnumerable<(Module Module, WeightSlot Slot)> Places(LanguageModel model) => [(model.InputEmbedding, model.InputEmbedding.Weight), (model.Head, model.Head.Weight)];

    private static IEnumerable<string> Keys(Module module)
        => [$"{AdapterParameter.Prefix}{module.Name}.base_layer.weight", $"{AdapterParameter.Prefix}{module.Name}.weight"];
}
