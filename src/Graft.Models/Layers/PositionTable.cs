using Graft.Tensors;

namespace Graft.Models;

/// <summary>Learned positions: an embedding of each token's position in its sequence.</summary>
public sealed class PositionTable : Module
{
    private readonly WeightSlot _weight;

    /// <summary>Takes <c>weight</c> from <paramref name="weights"/>.</summary>
    /// <param name="weights">Where the weights come from.</param>
    /// <param name="name">Full path of the module.</param>
    /// <param name="positions">Number of positions.</param>
    /// <param name="features">Features of a row.</param>
    public PositionTable(WeightSource weights, string name, int positions, int features)
        : base(name)
        => _weight = AddWeight("weight", weights.Take($"{name}.weight", WeightRole.Matrix, [positions, features]));

    /// <summary>Adds each token's position row.</summary>
    /// <param name="context">The forward pass.</param>
    /// <param name="x">[tokens, features].</param>
    public Tensor Forward(ForwardContext context, Tensor x) => Op.AddPositions(context.Tape, x, _weight.Current);
}
