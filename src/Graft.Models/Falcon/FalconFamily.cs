namespace Graft.Models.Falcon;

/// <summary>Falcon (Almazrouei et al. 2023): 7B, 40B, 11B, 180B, and RW (RefinedWeb), which has ALiBi and serial blocks.</summary>
public sealed class FalconFamily : ModelFamily
{
    /// <inheritdoc/>
    public override string ModelType => "falcon";

    /// <inheritdoc/>
    public override ModelConfig ReadConfig(ConfigReader reader) => new FalconConfig(reader);

    /// <inheritdoc/>
    public override CausalLanguageModel Create(ModelConfig config, WeightSource weights) => new FalconModel((FalconConfig)config, weights);

    /// <inheritdoc/>
    public override string? CanonicalName(string key)
        => key.EndsWith("rotary.inv_freq", StringComparison.Ordinal) ? null : WithPrefix(key, "transformer.");
}
