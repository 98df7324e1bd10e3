using Graft.Models;
using Graft.Tensors;

namespace Graft.Peft;

/// <summary>The <c>bias</c> field: biases of the base model that are trained with the adapter.</summary>
internal static class TrainedBiases
{
    /// <summary>Parts for them.</summary>
    /// <param name="config">Its bias field: <c>none</c>, <c>all</c>, or <c>lora_only</c>, those of the targeted layers.</param>
    /// <param name="context">The model and the adapter.</param>
    /// <param name="targets">The targeted layers.</param>
    public static IEnumerable<AdapterPart> Create(LoraConfig config, AdapterContext context, IReadOnlyList<Module> targets)
    {
        if (config.Bias == "none")
        {
            yield break;
        }

        var targeted = targets.ToHashSet();
        IReadOnlyDictionary<Module, Module> roots = SavedModules.Roots(config, context.Model);
        foreach (Module module in context.Model.NamedModules())
        {
            foreach (WeightSlot slot in module.Weights)
            {
                bool isTargeted = targeted.Contains(module);
                string path = $"{module.Name}.{slot.Name}";
                if (isTargeted ? slot.Name == "bias" : config.Bias == "all" && path.Contains("bias", StringComparison.Ordinal))
                {
                    yield return Create(module, slot, Wrapped(path, isTargeted ? module : roots.GetValueOrDefault(module), isTargeted));
                }
            }
        }
    }

    /// <summary>The path inside the wrapper that PEFT puts around a target, or around a module that is saved as a whole; the latter keeps the original's bias too.</summary>
    private static string Wrapped(string path, Module? wrapped, bool isTargeted)
        => wrapped is null ? path : $"{wrapped.Name}.{(isTargeted ? "base_layer" : "original_module")}{path[wrapped.Name.Length..]}";

    private static BaseWeightPart Create(Module module, WeightSlot slot, string path)
    {
        string key = AdapterParameter.Prefix + path;
        Parameter trained = StoredValues.Copy(slot.Original, key);
        return new BaseWeightPart(module.Name, [slot], new AdapterParameter(key, key, ModuleTypes.Of(module), trained) { IsBaseWeight = true });
    }
}
