namespace Graft.Models.Gpt2;

/// <summary>GPT-2 (Radford et al. 2019).</summary>
public sealed class Gpt2Family : ModelFamily
{
    /// <inheritdoc/>
    public override string ModelType => "gpt2";

    /// <inheritdoc/>
    public override ModelConfig ReadConfig(ConfigReader reader) => new Gpt2Config(reader);

    /// <inheritdoc/>
    public override CausalLanguageModel Create(ModelConfig config, WeightSource weights) => new Gpt2Model((Gpt2Config)config, weights);

    /// <inheritdoc/>
    public override string? CanonicalName(string key)
        => key.EndsWith(".attn.bias", StringComparison.Ordinal) || key.EndsWith(".attn.masked_bias", StringComparison.Ordinal)
            ? null
            : WithPrefix(key, "transformer.");
}
