using Graft.Tensors;

namespace Graft.Models;

/// <summary>torch's <c>nn.LayerNorm</c> over the features of a row.</summary>
public sealed class LayerNorm : Module
{
    private readonly WeightSlot _weight;
    private readonly WeightSlot _bias;
    private readonly float _epsilon;

    /// <summary>Takes <c>weight</c> and <c>bias</c> from <paramref name="weights"/>.</summary>
    /// <param name="weights">Where the weights come from.</param>
    /// <param name="name">Full path of the module.</param>
    /// <param name="features">Features of a row.</param>
    /// <param name="epsilon">Added to the variance.</param>
    public LayerNorm(WeightSource weights, string name, int features, float epsilon)
        : base(name)
    {
        _weight = AddWeight("weight", weights.Take($"{name}.weight", WeightRole.NormWeight, [features]));
        _bias = AddWeight("bias", weights.Take($"{name}.bias", WeightRole.Bias, [features]));
        _epsilon = epsilon;
    }

    /// <summary>Normalises each row.</summary>
    /// <param name="context">The forward pass.</param>
    /// <param name="x">[tokens, features].</param>
    public Tensor Forward(ForwardContext context, Tensor x) => Op.LayerNorm(context.Tape, x, _weight.Current, _bias.Current, _epsilon);
}
