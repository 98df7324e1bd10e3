using Graft.Models;
using Graft.Tensors;

namespace Graft.Peft;

/// <summary>LoRA on a linear layer: <c>y = W x + s B A dropout(x)</c>, with a bias of B if asked for (scaled too).</summary>
internal sealed class LoraLinearPart : AdapterPart
{
    private readonly Linear _layer;
    private readonly float _scaling;
    private readonly Plug _plug;
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
            Op.Lora(context.Tape, x, y, part.A, part.B, part.Bias, Scaling, context.Training ? dropout : 0);
            return y;
        }
    }
}
