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
    /// <param name="modulesToSave">The <c>modules_to_save</c> field: in these the copy is trained, and the original bias only saved.</param>
    public static IEnumerable<AdapterPart> Create(AdapterContext context, string mode, IReadOnlyList<Module> targets, IReadOnlyList<string>? modulesToSave)
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
                    yield return SavedModules.RootOf(module, context.Model, modulesToSave) is { } saved
                        ? CreateFrozen(module, slot, $"{AdapterParameter.Prefix}{saved.Name}.original_module{name[saved.Name.Length..]}")
                        : Create(module, slot, $"{AdapterParameter.Prefix}{module.Name}.{(isTargeted ? "base_layer." : string.Empty)}{slot.Name}");
                }
            }
        }
    }

    private static BaseWeightPart Create(Module module, WeightSlot slot, string key)
    {
        Parameter trained = StoredValues.Copy(slot.Original, key);
        return new BaseWeightPart(module.Name, [slot], new AdapterParameter(key, key, ModuleTypes.Of(module), trained) { IsBaseWeight = true });
    }

    /// <summary>PEFT saves every tensor with <c>bias</c> in its name, so also the original of a module that has a trained copy.</summary>
    private static BaseWeightPart CreateFrozen(Module module, WeightSlot slot, string key)
    {
        Parameter kept = StoredValues.Copy(slot.Original, key);
        return new BaseWeightPart(module.Name, [slot], new AdapterParameter(key, key, ModuleTypes.Of(module), kept) { IsBaseWeight = true, Trains = false });
    }
}
