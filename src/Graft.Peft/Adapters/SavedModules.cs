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
    /// <param name="ensureTying">Whether a weight that two modules share stays shared.</param>
    /// <exception cref="ArgumentException">A name matches nothing, or a module is both saved and changed by the method.</exception>
    public static IEnumerable<AdapterPart> Create(AdapterConfig config, AdapterContext context, IReadOnlySet<string> targets, bool ensureTying)
    {
        if (config.ModulesToSave is not { Count: > 0 } entries)
        {
            yield break;
        }

        Check(entries, context.Model);
        bool savesBiases = config is LoraConfig { Bias: "all" };
        var done = new HashSet<WeightSlot>();
        foreach (Module saved in Roots(context.Model, entries))
        {
            foreach (Module module in saved.NamedModules())
            {
                if (targets.Contains(module.Name))
                {
                    throw new ArgumentException($"{module.Name} is both in modules_to_save and in target_modules: a module is either saved as a whole or adapted");
                }

                foreach (WeightSlot slot in module.Weights.Where(done.Add))
                {
                    yield return Create(context, saved, module, slot, savesBiases, ensureTying, done);
                }
            }
        }
    }

    /// <summary>The saved module that <paramref name="module"/> is or lies in, or null.</summary>
    /// <param name="module">A module.</param>
    /// <param name="model">Its model.</param>
    /// <param name="entries">The <c>modules_to_save</c> field.</param>
    public static Module? RootOf(Module module, CausalLanguageModel model, IReadOnlyList<string>? entries)
        => entries is { Count: > 0 }
            ? Roots(model, entries).FirstOrDefault(root => module.Name == root.Name || module.Name.StartsWith($"{root.Name}.", StringComparison.Ordinal))
            : null;

    private static IEnumerable<Module> Roots(CausalLanguageModel model, IReadOnlyList<string> entries)
        => model.NamedModules().Where(module => module.Name.Length > 0 && entries.Any(entry => module.Name.EndsWith(entry, StringComparison.Ordinal)));

    private static SavedModulePart Create(AdapterContext context, Module saved, Module module, WeightSlot slot, bool savesBiases, bool ensureTying, HashSet<WeightSlot> done)
    {
        string path = $"{module.Name}.{slot.Name}";
        string key = AdapterParameter.Prefix + path;
        string liveName = $"{AdapterParameter.Prefix}{saved.Name}.modules_to_save.{context.Name}{path[saved.Name.Length..]}";
        var parameter = new AdapterParameter(key, liveName, ModuleTypes.Of(module), StoredValues.Copy(slot.Original, liveName));
        if (savesBiases && path.Contains("bias", StringComparison.Ordinal))
        {
            // Where biases are saved, PEFT finds the copy a second time by its live name.
            parameter = parameter with { Aliases = [$"{AdapterParameter.Prefix}{saved.Name}.modules_to_save{path[saved.Name.Length..]}"] };
        }

        if (!ensureTying)
        {
            return new SavedModulePart(module, [slot], parameter);
        }

        (string Name, WeightSlot Slot)[] shared = [.. context.Model.NamedWeights().Where(weight => ReferenceEquals(weight.Slot.Original, slot.Original) && !ReferenceEquals(weight.Slot, slot))];
        done.UnionWith(shared.Select(weight => weight.Slot));
        return new SavedModulePart(
            module,
            [slot, .. shared.Select(weight => weight.Slot)],
            parameter with { Aliases = [.. parameter.Aliases, .. shared.Select(weight => AdapterParameter.Prefix + weight.Name)] });
    }

    private static void Check(IReadOnlyList<string> entries, CausalLanguageModel model)
    {
        foreach (string entry in entries)
        {
            if (entry.Length == 0 || !model.NamedModules().Any(module => module.Name.EndsWith(entry, StringComparison.Ordinal)))
            {
                IEnumerable<string> names = model.NamedModules().SelectMany(module => new[] { module.Name, module.Name[(module.Name.LastIndexOf('.') + 1)..] }).Where(name => name.Length > 0).Distinct();
                throw new ArgumentException($"modules_to_save: '{entry}' matches no module of this {model.Config.ModelType} model{NearestName.Suggestion(entry, names)}");
            }
        }
    }
}
