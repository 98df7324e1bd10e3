using Graft.Models;
using Graft.Tensors;

namespace Graft.Peft;

/// <summary>(IA)³ on a linear layer: <c>y = (W x + b) ⊙ l</c>, or <c>y = W (x ⊙ l) + b</c> on a feed-forward layer.</summary>
internal sealed class Ia3Part : AdapterPart
{
    private readonly Linear _layer;
    private readonly bool _isFeedforward;
    private readonly LinearPlug _plug;

    /// <summary>Makes the vector: [out, 1], or [1, in] on a feed-forward layer.</summary>
    public Ia3Part(Linear layer, Ia3Config config, AdapterContext context, bool isFeedforward)
        : base(layer.Name)
    {
        _layer = layer;
        _isFeedforward = isFeedforward;
        Vector = isFeedforward ? Parameter.Create("ia3_l", 1, layer.InFeatures) : Parameter.Create("ia3_l", layer.OutFeatures, 1);
        if (config.InitIa3Weights || context.Seed is null)
        {
            Vector.Values.Fill(1);
        }
        else
        {
            CounterRandom.FillNormal(Vector.Values, context.KeyOf($"{layer.Name}.ia3_l"), 0, 1);
        }

        context.Cast(Vector, layer.Weight.Original);
        Parameters = [AdapterParameter.Of(layer.Name, "ia3_l", string.Empty, context.Name, "ParameterDict", Vector)];
        _plug = isFeedforward ? new InputPlug(Vector) : new OutputPlug(Vector);
    }

    public Parameter Vector { get; }

    public override IReadOnlyList<AdapterParameter> Parameters { get; }

    public override void Activate(float scale) => _layer.Plugs.Add(_plug);

    public override void Deactivate() => _layer.Plugs.Remove(_plug);

    /// <summary>Scales the columns of W (logically [out, in]) on a feed-forward layer, otherwise its rows and the bias.</summary>
    public override void Merge(MergedWeights weights, float scale)
    {
        float[] vector = Vector.ToArray();
        MergedWeights.Scale(weights.Writable(_layer.Weight), vector, alongRow: _isFeedforward == (_layer.Layout == LinearLayout.OutIn), ModuleName);
        if (!_isFeedforward && _layer.Bias is not null)
        {
            MergedWeights.Scale(weights.Writable(_layer.Bias), vector, alongRow: true, ModuleName);
        }
    }

    private sealed class InputPlug(Parameter vector) : LinearPlug
    {
        public override Tensor TransformInput(ForwardContext context, Tensor x) => Op.ScaleColumns(context.Tape, x, vector);
    }

    private sealed class OutputPlug(Parameter vector) : LinearPlug
    {
        public override Tensor TransformOutput(ForwardContext context, Tensor x, Tensor y) => Op.ScaleColumns(context.Tape, y, vector);
    }
}
