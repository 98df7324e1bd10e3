namespace Graft.Models.Bloom;

/// <summary>BLOOM (Scao et al. 2022), BLOOMZ and their kin.</summary>
public sealed class BloomFamily : ModelFamily
{
    /// <inheritdoc/>
    public override string ModelType => "bloom";

    /// <inheritdoc/>
    public override ModelConfig ReadConfig(ConfigReader reader) => new BloomConfig(reader);

    /// <inheritdoc/>
    public override CausalLanguageModel Create(ModelConfig config, WeightSource weights) => new BloomModel((BloomConfig)config, weights);

    /// <inheritdoc/>
    public override string? CanonicalName(string key) => WithPrefix(key, "transformer.");
}
