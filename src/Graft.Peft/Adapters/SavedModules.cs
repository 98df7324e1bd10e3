using Graft.Models;
using Graft.Tensors;

namespace Graft.Peft;

/// <summary>The <c>modules_to_save</c> field: modules that get a trainable copy of their own.</summary>
internal static class SavedModules
{
    /// <summary>Parts for all weights of the modules that the config names.</summary>
    /// <param name="config">The config.</param>
    /// <param name="context">The model and the adapter.</param>
    /// <param name="targets">Paths of the layers that the method itself changes.</param>
    /// <exception cref="ArgumentException">A name matches nothing, or a module is both saved and changed by the method.</exception>
    public static IEnumerable<AdapterPart> Create(AdapterConfig config, AdapterContext context, IReadOnlySet<string> targets)
    {
        Check(config, context.Model);
        var done = new HashSet<WeightSlot>();
        foreach ((Module module, Module root) in Roots(config, context.Model))
        {
            if (targets.Contains(module.Name))
            {
                throw new ArgumentException($"{module.Name} is both in modules_to_save and in target_modules: a module is either saved as a whole or adapted");
            }

            foreach (WeightSlot slot in module.Weights.Where(done.Add))
            {
                yield return Create(config as LoraConfig, context, root, module, slot, done);
            }
        }
    }

    /// <summary>Every module that is saved, with the module that the config names: itself or one around it.</summary>
    public static IReadOnlyDictionary<Module, Module> Roots(AdapterConfig config, LanguageModel model)
    {
        var roots = new OrderedDictionary<Module, Module>();
        foreach (Module root in model.NamedModules().Where(module => module.Name.Length > 0 && IsNamed(config, module.Name)))
        {
            foreach (Module module in root.NamedModules())
            {
                roots.TryAdd(module, root);
            }
        }

        return roots;
    }

    private static bool IsNamed(AdapterConfig config, string name) => config.ModulesToSave?.Any(entry => name.EndsWith(entry, StringComparison.Ordinal)) ?? false;

    private static SavedModulePart Create(LoraConfig? lora, AdapterContext context, Module root, Module module, WeightSlot slot, HashSet<WeightSlot> done)
    {
        string path = $"{module.Name}.{slot.Name}";
        string rest = path[root.Name.Length..];
        string liveName = $"{AdapterParameter.Prefix}{root.Name}.modules_to_save.{context.Name}{rest}";
        var slots = new List<WeightSlot> { slot };
        var aliases = new List<string>();
        if (lora is { Bias: "all" } && path.Contains("bias", StringComparison.Ordinal))
        {
            // PEFT saves it once more among the trained biases, under the name of its wrapper.
            aliases.Add($"{AdapterParameter.Prefix}{root.Name}.modules_to_save{rest}");
        }

        if (lora is { EnsureWeightTying: true })
        {
            (string Name, WeightSlot Slot)[] shared = [.. context.Model.NamedWeights().Where(weight => ReferenceEquals(weight.Slot.Original, slot.Original) && !ReferenceEquals(weight.Slot, slot))];
            done.UnionWith(shared.Select(weight => weight.Slot));
            slots.AddRange(shared.Select(weight => weight.Slot));
            aliases.AddRange(shared.Select(weight => AdapterParameter.Prefix + weight.Name));
        }

        var parameter = new AdapterParameter(AdapterParameter.Prefix + path, liveName, ModuleTypes.Of(module), StoredValues.Copy(slot.Original, liveName)) { Aliases = aliases };
        return new SavedModulePart(module, slots, parameter);
    }

    private static void Check(AdapterConfig config, LanguageModel model)
    {
        foreach (string entry in config.ModulesToSave ?? [])
        {
            if (entry.Length == 0 || !model.NamedModules().Any(module => module.Name.EndsWith(entry, StringComparison.Ordinal)))
            {
                IEnumerable<string> names = model.NamedModules().SelectMany(module => new[] { module.Name, module.Name[(module.Name.LastIndexOf('.') + 1)..] }).Where(name => name.Length > 0).Distinct();
                throw new ArgumentException($"modules_to_save: '{entry}' matches no module of this {model.Config.ModelType} model{NearestName.Suggestion(entry, names)}");
            }
        }
    }
}
