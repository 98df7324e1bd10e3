namespace Graft.Training.Optimizers;

/// <summary>
/// LoRA+ (Hayou et al. 2024, arXiv:2402.12354) as PEFT groups it: B matrices and everything one-dimensional learn
/// <see cref="LearningRateRatio"/> times as fast as A; factors of embeddings have a small rate of their own.
/// </summary>
/// <param name="LearningRate">PEFT's <c>lr</c>: the rate of A and of all that is no B.</param>
/// <param name="LearningRateRatio">PEFT's <c>loraplus_lr_ratio</c>.</param>
/// <param name="WeightDecay">PEFT's <c>loraplus_weight_decay</c>; biases and LayerNorm are never decayed.</param>
/// <param name="EmbeddingLearningRate">PEFT's <c>loraplus_lr_embedding</c>.</param>
public sealed record LoraPlus(double LearningRate, double LearningRateRatio, double WeightDecay = 0, double EmbeddingLearningRate = 1e-6)
{
    private enum Kind
    {
        Other,
        Embedding,
        Fast,
        FastWithoutDecay,
    }

    /// <summary>PEFT's four groups, in its order: A and others, embeddings, B with decay, B without.</summary>
    /// <param name="parameters">All trainable parameters, in order.</param>
    public ParameterGrouping Group(IEnumerable<TrainableParameter> parameters)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        double fast = LearningRate * LearningRateRatio;
        return new ParameterGrouping(
            [
                new ParameterGroup(LearningRate, WeightDecay),
                new ParameterGroup(EmbeddingLearningRate, WeightDecay),
                new ParameterGroup(fast, WeightDecay),
                new ParameterGroup(fast),
            ],
            [.. parameters.Select(parameter => (int)KindOf(parameter))]);
    }

    private static Kind KindOf(TrainableParameter parameter)
    {
        string name = parameter.Name;
        if (name.Contains("lora_embedding_", StringComparison.Ordinal))
        {
            return Kind.Embedding;
        }

        if (!name.Contains("lora_B", StringComparison.Ordinal) && parameter.Shape.Length != 1)
        {
            return Kind.Other;
        }

        bool decays = !WeightDecayRule.IsLayerNorm(parameter) && !name.Contains("bias", StringComparison.Ordinal);
        return decays ? Kind.Fast : Kind.FastWithoutDecay;
    }
}
