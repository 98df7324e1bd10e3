using Graft.Tensors;

namespace Graft.Models;

/// <summary>Root mean square norm (Zhang and Sennrich 2019), as in Llama.</summary>
public sealed class RmsNorm : Module
{
    private readonly WeightSlot _weight;
    private readonly float _epsilon;

    /// <summary>Takes <c>weight</c> from <paramref name="weights"/>.</summary>
    /// <param name="weights">Where the weights come from.</param>
    /// <param name="name">Full path of the module.</param>
    /// <param name="features">Features of a row.</param>
    /// <param name="epsilon">Added to the mean square.</param>
    public RmsNorm(WeightSource weights, string name, int features, float epsilon)
        : base(name)
    {
        _weight = AddWeight("weight", weights.Take($"{name}.weight", WeightRole.NormWeight, [features]));
        _epsilon = epsilon;
    }

    /// <summary>Normalises each row.</summary>
    /// <param name="context">The forward pass.</param>
    /// <param name="x">[tokens, heads * features].</param>
    /// <param name="heads">Parts of a row that are normalised apart, with the same weight: Qwen 3's norm of queries and keys.</param>
    public Tensor Forward(ForwardContext context, Tensor x, int heads = 1) => Op.RmsNorm(context.Tape, x, _weight.Current, _epsilon, heads);
}
