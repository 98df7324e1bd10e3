using Graft.Tensors;

namespace Graft.Models;

/// <summary>Learned biases of attention scores, one for each head and bucket of distances (T5).</summary>
public sealed class RelativePositionTable : Module
{
    private readonly WeightSlot _weight;
    private readonly RelativeBuckets _buckets;

    /// <summary>Takes <c>weight</c> from <paramref name="weights"/>.</summary>
    /// <param name="weights">Where the weights come from.</param>
    /// <param name="name">Full path of the module.</param>
    /// <param name="buckets">Which distances share a bias.</param>
    /// <param name="heads">Number of heads.</param>
    public RelativePositionTable(WeightSource weights, string name, RelativeBuckets buckets, int heads)
        : base(name)
    {
        _weight = AddWeight("weight", weights.Take($"{name}.weight", WeightRole.Matrix, [buckets.Count, heads]));
        _buckets = buckets;
    }

    /// <summary>The biases of all distances between tokens of the context and those before and after them.</summary>
    /// <param name="context">The forward pass.</param>
    public RelativeBias Forward(ForwardContext context)
    {
        int last = 0;
        foreach (int position in context.Sequences.Positions)
        {
            last = Math.Max(last, position);
        }

        return Op.RelativeBias(context.Tape, _weight.Current, _buckets, before: last, after: _buckets.Bidirectional ? last : 0);
    }
}
