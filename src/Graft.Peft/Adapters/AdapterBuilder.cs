using Graft.Models;

namespace Graft.Peft;

/// <summary>Makes an adapter from a config: what the method changes, and the modules that are saved as a whole.</summary>
internal static class AdapterBuilder
{
    /// <summary>Makes the adapter; the model stays as it is until the parts are attached.</summary>
    /// <param name="config">The config as given.</param>
    /// <param name="context">The model, the name, the seed.</param>
    public static Adapter Build(AdapterConfig config, AdapterContext context)
    {
        config.Validate();
        AdapterMethod method = AdapterMethods.Of(config.PeftType);
        RequireTask(config, context.Model);
        AdapterConfig resolved = method.Resolve(config, context.Model);
        if (resolved.BaseModelNameOrPath is null && context.Model.Folder is { } folder)
        {
            resolved = resolved with { BaseModelNameOrPath = folder };
        }

        IReadOnlyList<AdapterPart> own = method.CreateParts(resolved, context);
        var targets = own.Where(part => part is not BaseWeightPart).Select(part => part.ModuleName).ToHashSet(StringComparer.Ordinal);
        IEnumerable<AdapterPart> saved = SavedModules.Create(resolved, context, targets);
        return new Adapter(context.Name, resolved, InModelOrder(own.Concat(saved), context.Model));
    }

    private static AdapterPart[] InModelOrder(IEnumerable<AdapterPart> parts, LanguageModel model)
    {
        var order = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (Module module in model.NamedModules())
        {
            order.TryAdd(module.Name, order.Count);
        }

        return [.. parts.OrderBy(part => order[part.ModuleName])];
    }

    private static void RequireTask(AdapterConfig config, LanguageModel model)
    {
        if (config.TaskType is not (null or "CAUSAL_LM" or "SEQ_2_SEQ_LM" or "FEATURE_EXTRACTION"))
        {
            throw new NotSupportedException($"task_type {config.TaskType} is not supported yet; CAUSAL_LM and SEQ_2_SEQ_LM are");
        }

        string own = model is Seq2SeqLanguageModel ? "SEQ_2_SEQ_LM" : "CAUSAL_LM";
        if (config.TaskType is "CAUSAL_LM" or "SEQ_2_SEQ_LM" && config.TaskType != own)
        {
            throw new ArgumentException($"task_type is {config.TaskType}, but a {model.Config.ModelType} model is for {own}: this adapter belongs to another base model");
        }
    }
}
