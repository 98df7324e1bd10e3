using Graft.Models;
using Graft.Tensors;

namespace Graft.Peft;

/// <summary>The <c>bias</c> field: biases of the base model that are trained with the adapter.</summary>
internal static class TrainedBiases
{
    /// <summary>Parts for them.</summary>
    /// <param name="context">The model and the adapter.</param>
    /// <param name="mode"><c>none</c>, <c>all</c>, or those of the targeted layers only.</param>
    /// <param name="targets">The targeted layers.</param>
    public static IEnumerable<AdapterPart> Create(AdapterContext context, string mode, IReadOnlyList<Module> targets)
    {
        if (mode == "none")
        {
            yield break;
        }

        var targeted = targets.ToHashSet();
        foreach (Module module in context.Model.NamedModules())
        {
            foreach (WeightSlot slot in module.Weights)
            {
                bool isTargeted = targeted.Contains(module);
                string name = $"{module.Name}.{slot.Name}";
                if (isTargeted ? slot.Name == "bias" : mode == "all" && name.Contains("bias", StringComparison.Ordinal))
                {
                    yield return Create(context, module, slot, isTargeted);
                }
            }
        }
    }

    private static BaseWeightPart Create(AdapterContext context, Module module, WeightSlot slot, bool isTargeted)
    {
        string key = $"{AdapterParameter.Prefix}{module.Name}.{(isTargeted ? "base_layer." : string.Empty)}{slot.Name}";
        Parameter trained = StoredValues.Copy(slot.Original, key);
        return new BaseWeightPart(module.Name, [slot], new AdapterParameter(key, key, ModuleTypes.Of(module), trained) { IsBaseWeight = true });
    }
}
