using Graft.Models;

namespace Graft.Peft;

/// <summary>LoRA: low-rank updates beside linear layers and embeddings.</summary>
public sealed class LoraMethod : AdapterMethod
{
    /// <inheritdoc/>
    public override string PeftType => "LORA";

    /// <inheritdoc/>
    public override AdapterConfig ReadConfig(ConfigReader reader) => new LoraConfig(reader);

    /// <inheritdoc/>
    public override AdapterConfig Resolve(AdapterConfig config, LanguageModel model)
    {
        ArgumentNullException.ThrowIfNull(model);
        var lora = (LoraConfig)TargetNames.Resolve(model, TiedModules.Resolve((LoraConfig)config, model), UsualTargets.Lora, shorten: true);
        IReadOnlyList<Module> targets = new TargetResolver(model, lora).Resolve();
        IEnumerable<Module> wrapped = TiedModules.Follower(lora, model, targets) is { } head ? targets.Append(head) : targets;
        return LoraPatterns.MarkOrder(lora with { FanInFanOut = TargetNames.FanInFanOut(lora.FanInFanOut, wrapped) }, [.. targets.Select(module => module.Name)]);
    }

    /// <inheritdoc/>
    public override IReadOnlyList<AdapterPart> CreateParts(AdapterConfig config, AdapterContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        var lora = (LoraConfig)config;
        LoraVariants.RequireSupported(lora, isNew: context.Seed is not null);
        IReadOnlyList<Module> targets = new TargetResolver(context.Model, lora).Resolve();
        Linear? tiedHead = TiedModules.Follower(lora, context.Model, targets);
        var patterns = new LoraPatterns(lora);
        var parts = new List<AdapterPart>(TrainedBiases.Create(lora, context, targets));
        foreach (Module target in targets.Where(target => !ReferenceEquals(target, tiedHead)))
        {
            int rank = patterns.RankOf(target.Name);
            float scaling = (float)lora.ScalingOf(rank, patterns.AlphaOf(target.Name));
            parts.Add(target switch
            {
                Linear linear => new LoraLinearPart(linear, lora, context, rank, scaling),
                Embedding embedding => new LoraEmbeddingPart(embedding, tiedHead, lora, context, rank, scaling),
                _ => throw new ArgumentException(
                    $"target_modules: {target.Name} is a {target.GetType().Name}, which LoRA cannot change; layers that it can change are {TargetResolver.LayerNames(context.Model)}"),
            });
        }

        AddTokenRows(parts, lora, context);
        return parts;
    }

    /// <inheritdoc/>
    internal override Adapter Combine(IReadOnlyList<Adapter> sources, WeightedCombination options, AdapterContext context) => new LoraCombination(sources, options, context).Create();

    private static void AddTokenRows(List<AdapterPart> parts, LoraConfig config, AdapterContext context)
    {
        foreach (TokenRowsPart rows in TokenRows.Create(config.TrainableTokenIndices, context))
        {
            if (parts.Any(part => part is LoraLinearPart or LoraEmbeddingPart && part.ModuleName == rows.ModuleName))
            {
                throw new ArgumentException($"{rows.ModuleName} is in target_modules and has trainable_token_indices: a low-rank update and trained rows cannot act on the same weight");
            }

            parts.Add(rows);
        }
    }
}
