using System.Text.Json;
using Graft.Models;

namespace Graft.Peft;

/// <summary>The fields of LoRA's variants: which there are, which exclude each other, and which Graft does.</summary>
internal static class LoraVariants
{
    /// <summary>Fields that are kept as they are, with what they are called in errors. All are null by default but loftq_config, which is empty.</summary>
    private static readonly (string Field, string Title)[] Kept =
    [
        ("alora_invocation_tokens", "aLoRA"),
        ("arrow_config", "Arrow routing"),
        ("corda_config", "CorDA"),
        ("eva_config", "EVA"),
        ("kasa_config", "KaSA"),
        ("layer_replication", "layer replication"),
        ("loftq_config", "LoftQ"),
        ("lora_ga_config", "LoRA-GA"),
        ("megatron_config", "Megatron layers"),
        ("monteclora_config", "MonteCLoRA"),
        ("target_parameters", "LoRA on parameters"),
        ("use_bdlora", "BD-LoRA"),
        ("velora_config", "VeLoRA"),
    ];

    /// <summary>Those that change the arithmetic of a layer, of which there can be one only.</summary>
    private static readonly string[] Exclusive = ["alora_invocation_tokens", "arrow_config", "kasa_config", "monteclora_config", "use_bdlora", "velora_config"];

    /// <summary>Those that only say how the values came about: a finished adapter with them is plain LoRA.</summary>
    private static readonly string[] Harmless = ["corda_config", "eva_config", "loftq_config", "lora_ga_config"];

    public static Dictionary<string, JsonElement> Read(ConfigReader reader)
    {
        var found = new Dictionary<string, JsonElement>(StringComparer.Ordinal);
        foreach ((string field, _) in Kept)
        {
            if (reader.Has(field) && reader.Root.GetProperty(field) is var value && !(value.ValueKind == JsonValueKind.Object && !value.EnumerateObject().Any()))
            {
                found[field] = value;
            }
        }

        return found;
    }

    public static IEnumerable<(string Name, object? Value)> Fields(IReadOnlyDictionary<string, JsonElement> variants)
        => Kept.Select(kept => (kept.Field, variants.TryGetValue(kept.Field, out JsonElement value) ? value : kept.Field == "loftq_config" ? (object?)Array.Empty<KeyValuePair<string, object?>>() : null));

    /// <summary>Checks the combinations.</summary>
    public static void Check(LoraConfig config)
    {
        string[] variants = [.. Exclusive.Where(config.Variants.ContainsKey)];
        if (config.UseDora)
        {
            variants = ["use_dora", .. variants];
        }

        if (config.UseQalora)
        {
            variants = ["use_qalora", .. variants];
        }

        if (variants.Length > 1)
        {
            throw new ArgumentException($"{string.Join(" and ", variants)} cannot be used together: a layer can be one variant of LoRA only");
        }

        if (config.LoraBias && variants.Length > 0)
        {
            throw new ArgumentException($"lora_bias cannot be used together with {variants[0]}");
        }

        if (config.LoraBias && config.InitLoraWeights.Name is not ("true" or "false"))
        {
            throw new ArgumentException($"lora_bias needs init_lora_weights true or false, but it is '{config.InitLoraWeights}'");
        }

        if (!config.InitLoraWeights.IsKnown)
        {
            throw new ArgumentException($"init_lora_weights '{config.InitLoraWeights}' is unknown; known are {LoraInitialization.Known}");
        }
    }

    /// <summary>Refuses by name what Graft does not do: nothing is silently left out.</summary>
    /// <param name="config">The config.</param>
    /// <param name="isNew">Whether the adapter is made, not loaded: then its initialisation counts.</param>
    public static void RequireSupported(LoraConfig config, bool isNew)
    {
        foreach ((string field, string title) in Kept)
        {
            if (config.Variants.ContainsKey(field) && (isNew || !Harmless.Contains(field)))
            {
                throw new NotSupportedException($"{field} ({title}) is not supported yet");
            }
        }

        if (config.UseQalora)
        {
            throw new NotSupportedException("use_qalora (QALoRA) is not supported yet");
        }

        string name = config.InitLoraWeights.Name;
        bool isDone = name is "true" or "false" or "gaussian" || (!isNew && (name is "orthogonal" or "eva" or "lora_ga" or "mica"));
        if (!isDone)
        {
            throw new NotSupportedException(
                isNew
                    ? $"init_lora_weights '{name}' is not supported yet; supported are true, false and gaussian"
                    : $"init_lora_weights '{name}' is not supported yet: PEFT changes the base model again when it loads such an adapter. Save it with path_initial_model_for_weight_conversion, which makes a plain LoRA adapter of it");
        }
    }
}
