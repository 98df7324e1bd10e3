namespace Graft.Models.Llama;

/// <summary>Llama (Touvron et al. 2023) and the many models that share its layout; families that differ in a few switches derive from it.</summary>
public class LlamaFamily : ModelFamily
{
    /// <inheritdoc/>
    public override string ModelType => "llama";

    /// <inheritdoc/>
    public override ModelConfig ReadConfig(ConfigReader reader) => new LlamaConfig(reader);

    /// <inheritdoc/>
    public sealed override CausalLanguageModel Create(ModelConfig config, WeightSource weights) => new LlamaModel((LlamaConfig)config, weights);

    /// <inheritdoc/>
    public override string? CanonicalName(string key)
        => key.EndsWith(".rotary_emb.inv_freq", StringComparison.Ordinal) ? null : WithPrefix(key, "model.");
}
