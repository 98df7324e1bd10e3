namespace Graft.Models.T5;

/// <summary>T5 (Raffel et al. 2020), T5 1.1 and FLAN-T5 (Chung et al. 2022); mT5 and UMT5 differ in few things.</summary>
public class T5Family : ModelFamily
{
    /// <inheritdoc/>
    public override string ModelType => "t5";

    /// <summary>What is absent from a config.json of this family.</summary>
    protected virtual T5Defaults Defaults => new() { FeedForwardSize = 2048, Layers = 6, Heads = 8, FeedForward = "relu" };

    /// <inheritdoc/>
    public sealed override ModelConfig ReadConfig(ConfigReader reader) => new T5Config(reader, Defaults);

    /// <inheritdoc/>
    public sealed override Seq2SeqLanguageModel Create(ModelConfig config, WeightSource weights) => new T5Model((T5Config)config, weights);

    /// <inheritdoc/>
    /// <remarks>Some old files have a relative bias of the cross-attention, which nothing uses.</remarks>
    public sealed override string? CanonicalName(string key)
        => key == "decoder.block.0.layer.1.EncDecAttention.relative_attention_bias.weight" ? null : key;
}
