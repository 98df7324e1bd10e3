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
    public override AdapterConfig Resolve(AdapterConfig config, CausalLanguageModel model)
    {
        ArgumentNullException.ThrowIfNull(model);
        var lora = (LoraConfig)TargetNames.Resolve(model, (LayerAdapterConfig)config, UsualTargets.Lora, shorten: true);
        IReadOnlyList<Module> targets = new TargetResolver(model, lora).Resolve();
        return LoraPatterns.MarkOrder(lora with { FanInFanOut = TargetNames.FanInFanOut(lora.FanInFanOut, targets) }, [.. targets.Select(module => module.Name)]);
    }

    /// <inheritdoc/>
    public override IReadOnlyList<AdapterPart> CreateParts(AdapterConfig config, AdapterContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        var lora = (LoraConfig)config;
        LoraVariants.RequireSupported(lora, isNew: context.Seed is not null);
        IReadOnlyList<Module> targets = new TargetResolver(context.Model, lora).Resolve();
        var patterns = new LoraPatterns(lora);
        var parts = new List<AdapterPart>(TrainedBiases.Create(context, lora.Bias, targets, lora.ModulesToSave));
        foreach (Module target in targets)
        {
            int rank = patterns.RankOf(target.Name);
            float scaling = (float)lora.ScalingOf(rank, patterns.AlphaOf(target.Name));
            parts.Add(target switch
            {
                Linear linear => new LoraLinearPart(linear, lora, context, rank, scaling),
                Embedding embedding => new LoraEmbeddingPart(embedding, lora, context, rank, scaling),
                _ => throw new ArgumentException(
                    $"target_modules: {target.Name} is a {target.GetType().Name}, which LoRA cannot change; layers that it can change are {TargetResolver.LayerNames(context.Model)}"),
            });
        }

        return parts;
    }
}
