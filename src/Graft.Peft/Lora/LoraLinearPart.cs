using Graft.Models;
using Graft.Tensors;

namespace Graft.Peft;

/// <summary>LoRA on a linear layer: <c>y = W x + s B A dropout(x)</c>, with a bias of B if asked for (scaled too).</summary>
/// <remarks>DoRA besides gives every output feature a magnitude of its own: <c>y = b + g ⊙ (W x + s B A x)</c> with <c>g = m / ‖W + s B A‖</c>.</remarks>
internal sealed class LoraLinearPart : AdapterPart
{
    private readonly Linear _layer;
    private readonly float _scaling;
    private readonly Plug _plug;
    private readonly DoraMagnitude? _magnitude;
    private readonly List<AdapterParameter> _parameters;

    /// <summary>Makes A [rank, in] and B [out, rank].</summary>
    public LoraLinearPart(Linear layer, LoraConfig config, AdapterContext context, int rank, float scaling)
        : base(layer.Name)
    {
        _layer = layer;
        _scaling = scaling;
        A = Parameter.Create("lora_A", rank, layer.InFeatures);
        B = Parameter.Create("lora_B", layer.OutFeatures, rank);
        Bias = config.LoraBias ? Parameter.Create("lora_B.bias", layer.OutFeatures) : null;
        if (context.Seed is not null)
        {
            LoraInitialize.Linear(config.InitLoraWeights, context, layer.Name, A, B, Bias);
        }

        _parameters =
        [
            AdapterParameter.Of(layer.Name, "lora_A", "weight", context.Name, "Linear", A),
            AdapterParameter.Of(layer.Name, "lora_B", "weight", context.Name, "Linear", B) with { Trains = config.InitLoraWeights.Name != "mica" },
        ];
        if (Bias is not null)
        {
            _parameters.Add(AdapterParameter.Of(layer.Name, "lora_B", "bias", context.Name, "Linear", Bias));
        }

        if (config.UseDora)
        {
            _magnitude = new DoraMagnitude(layer.Weight, layer.Layout, A, B);
            _magnitude.Initialize(scaling);
            _parameters.Add(AdapterParameter.OfMagnitude(layer.Name, context.Name, "DoraLinearLayer", _magnitude.Values));
        }

        foreach (AdapterParameter parameter in _parameters)
        {
            context.Cast(parameter.Parameter, layer.Weight.Original);
        }

        _plug = new Plug(this, (float)config.LoraDropout);
    }

    public Parameter A { get; }

    public Parameter B { get; }

    public Parameter? Bias { get; }

    public float Scaling => _scaling;

    public override IReadOnlyList<AdapterParameter> Parameters => _parameters;

    public override void Activate(float scale)
    {
        _plug.Scaling = _scaling * scale;
        _layer.Plugs.Add(_plug);
    }

    public override void Deactivate() => _layer.Plugs.Remove(_plug);

    public override void Merge(MergedWeights weights, float scale)
    {
        if (Bias is not null && _layer.Bias is null)
        {
            throw new NotSupportedException($"{ModuleName} has no bias that lora_bias could be merged into: use the adapter as it is, or train without lora_bias");
        }

        LowRankProduct.AddTo(weights.Writable(_layer.Weight), _layer.Layout, A, B, _scaling * scale, ModuleName);
        _magnitude?.Merge(weights, _scaling * scale, ModuleName);
        if (Bias is not null)
        {
            float[] delta = Bias.ToArray();
            for (int i = 0; i < delta.Length; i++)
            {
                delta[i] *= _scaling * scale;
            }

            MergedWeights.Add(weights.Writable(_layer.Bias!), 0, delta, ModuleName);
        }
    }

    private sealed class Plug(LoraLinearPart part, float dropout) : LinearPlug
    {
        public float Scaling { get; set; }

        public override Tensor TransformOutput(ForwardContext context, Tensor x, Tensor y)
        {
            float dropped = context.Training ? dropout : 0;
            if (part._magnitude is { } magnitude)
            {
                return dropped > 0 ? DropoutDora(context.Tape, x, y, magnitude, dropped) : Dora(context.Tape, x, y, magnitude);
            }

            Op.Lora(context.Tape, x, y, part.A, part.B, part.Bias, Scaling, dropped);
            return y;
        }

        private Tensor Dora(Tape tape, Tensor x, Tensor y, DoraMagnitude magnitude)
        {
            Op.Lora(tape, x, y, part.A, part.B, null, Scaling, dropout: 0);
            return magnitude.Apply(tape, y, part._layer.Bias?.Current, Scaling);
        }

        /// <summary>What the magnitudes act on has lost elements, what the layer itself puts out has not: <c>y + g ⊙ (W x' + s B A x') − W x'</c>.</summary>
        private Tensor DropoutDora(Tape tape, Tensor x, Tensor y, DoraMagnitude magnitude, float probability)
        {
            Tensor input = Op.Dropout(tape, x, probability);
            Tensor product = Op.Linear(tape, input, part._layer.Weight.Current, null, part._layer.Layout);
            Op.Subtract(tape, y, product);
            Op.Lora(tape, input, product, part.A, part.B, null, Scaling, dropout: 0);
            return Op.Add(tape, y, magnitude.Apply(tape, product, null, Scaling));
        }
    }
}
