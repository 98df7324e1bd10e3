using Graft.Models;

namespace Graft.Peft;

/// <summary>PEFT's <c>ensure_weight_tying</c>: what changes a tied embedding changes the head too, and the config names the embedding only.</summary>
internal static class TiedModules
{
    /// <summary>The head that follows the embedding, or null.</summary>
    /// <param name="config">The config, resolved.</param>
    /// <param name="model">The model.</param>
    /// <param name="targets">The targeted modules.</param>
    public static Linear? Follower(LoraConfig config, LanguageModel model, IReadOnlyList<Module> targets)
        => config.EnsureWeightTying && IsTied(model) && targets.Contains(model.InputEmbedding) ? model.Head : null;

    /// <summary>The config with the embedding in place of the head, by its full name.</summary>
    public static LoraConfig Resolve(LoraConfig config, LanguageModel model)
        => config.EnsureWeightTying && IsTied(model)
            ? config with { TargetModules = Targets(config.TargetModules, model), ModulesToSave = Saved(config.ModulesToSave, model) }
            : config;

    /// <summary>Whether the head's weight is the embedding's.</summary>
    public static bool IsTied(LanguageModel model) => ReferenceEquals(model.Head.Weight.Original, model.InputEmbedding.Weight.Original);

    private static ModuleSelection? Targets(ModuleSelection? targets, LanguageModel model)
    {
        (string embedding, string head) = (model.InputEmbedding.Name, model.Head.Name);
        if (targets is null or { IsAllLinear: true })
        {
            return targets;
        }

        if (targets.Text is { } text)
        {
            System.Text.RegularExpressions.Regex regex = NamePattern.FullMatch(text, "target_modules");
            return NamePattern.Matches(regex, head) && !NamePattern.Matches(regex, embedding) ? $"(?:{text}|.*{System.Text.RegularExpressions.Regex.Escape(embedding)})" : targets;
        }

        return targets.Any(entry => NamePattern.HasSuffix(embedding, entry) || NamePattern.HasSuffix(head, entry))
            ? ModuleSelection.Create([.. targets.Where(entry => entry != head), embedding])
            : targets;
    }

    private static IReadOnlyList<string>? Saved(IReadOnlyList<string>? saved, LanguageModel model)
    {
        (string embedding, string head) = (model.InputEmbedding.Name, model.Head.Name);
        bool isNamed = saved?.Any(entry => embedding.EndsWith(entry, StringComparison.Ordinal) || head.EndsWith(entry, StringComparison.Ordinal)) ?? false;
        return isNamed ? [.. saved!.Where(entry => entry != head && entry != embedding), embedding] : saved;
    }
}
