using Graft.Models;
using Graft.Tensors;

namespace Graft.Peft;

/// <summary>LoRA on an embedding: <c>y = E[t] + s A[:, t]ᵀ Bᵀ</c>. Dropout does not act here.</summary>
/// <remarks>
/// Where a tied head is to stay tied (PEFT's ensure_weight_tying), the same update acts on the head: its A is Bᵀ and its B is Aᵀ. Both
/// are one tensor here, whose gradient sums up both uses. PEFT keeps a gradient for each use and lets the optimizer take two steps.
/// </remarks>
internal sealed class LoraEmbeddingPart : AdapterPart
{
    private readonly Embedding _layer;
    private readonly Linear? _tiedHead;
    private readonly Plug _plug;
    private readonly HeadPlug _headPlug;
    private readonly DoraMagnitude? _magnitude;
    private readonly List<AdapterParameter> _parameters;

    /// <summary>Makes A [rank, vocabulary] and B [features, rank].</summary>
    /// <param name="layer">The embedding.</param>
    /// <param name="tiedHead">The head that shares its weight and is to share the update; null for none.</param>
    /// <param name="config">The adapter's config.</param>
    /// <param name="context">The adapter's name and seed.</param>
    /// <param name="rank">Rank.</param>
    /// <param name="scaling">s.</param>
    public LoraEmbeddingPart(Embedding layer, Linear? tiedHead, LoraConfig config, AdapterContext context, int rank, float scaling)
        : base(layer.Name)
    {
        Require(layer, tiedHead, config);
        _layer = layer;
        _tiedHead = tiedHead;
        Scaling = scaling;
        A = Parameter.Create("lora_embedding_A", rank, layer.VocabularySize);
        B = Parameter.Create("lora_embedding_B", layer.Features, rank);
        if (context.Seed is not null)
        {
            LoraInitialize.Embedding(config.InitLoraWeights, context, layer.Name, A, B);
        }

        _parameters =
        [
            AdapterParameter.Of(layer.Name, "lora_embedding_A", string.Empty, context.Name, "ParameterDict", A),
            AdapterParameter.Of(layer.Name, "lora_embedding_B", string.Empty, context.Name, "ParameterDict", B) with { Trains = config.InitLoraWeights.Name != "mica" },
        ];
        if (config.UseDora)
        {
            _magnitude = new DoraMagnitude(layer.Weight, LinearLayout.InOut, A, B);
            _magnitude.Initialize(scaling);
            _parameters.Add(AdapterParameter.OfMagnitude(layer.Name, context.Name, "DoraEmbeddingLayer", _magnitude.Values));
        }

        foreach (AdapterParameter parameter in _parameters)
        {
            context.Cast(parameter.Parameter, layer.Weight.Original);
        }

        if (tiedHead is not null)
        {
            _parameters.Add(AdapterParameter.OfTransposed(tiedHead.Name, "lora_A", context.Name, B));
            _parameters.Add(AdapterParameter.OfTransposed(tiedHead.Name, "lora_B", context.Name, A));
        }

        _plug = new Plug(this);
        _headPlug = new HeadPlug(this);
    }

    public Parameter A { get; }

    public Parameter B { get; }

    public float Scaling { get; }

    /// <summary>Paths of the modules that it changes.</summary>
    public IEnumerable<string> ModuleNames => _tiedHead is null ? [ModuleName] : [ModuleName, _tiedHead.Name];

    public override IReadOnlyList<AdapterParameter> Parameters => _parameters;

    public override void Activate(float scale)
    {
        _plug.Scaling = Scaling * scale;
        _layer.Plugs.Add(_plug);
        _tiedHead?.Plugs.Add(_headPlug);
    }

    public override void Deactivate()
    {
        _layer.Plugs.Remove(_plug);
        _tiedHead?.Plugs.Remove(_headPlug);
    }

    /// <summary>E is stored [vocabulary, features]: the transpose of B A.</summary>
    public override void Merge(MergedWeights weights, float scale)
    {
        bool staysTied = _tiedHead is not null && ReferenceEquals(_tiedHead.Weight.Original, _layer.Weight.Original);
        Parameter merged = weights.Writable(_layer.Weight);
        LowRankProduct.AddTo(merged, LinearLayout.InOut, A, B, Scaling * scale, ModuleName);
        _magnitude?.Merge(weights, Scaling * scale, ModuleName);
        if (staysTied)
        {
            weights.Put(_tiedHead!.Weight, merged);
        }
        else if (_tiedHead is not null)
        {
            LowRankProduct.AddTo(weights.Writable(_tiedHead.Weight), LinearLayout.InOut, A, B, Scaling * scale, _tiedHead.Name);
        }
    }

    private static void Require(Embedding layer, Linear? tiedHead, LoraConfig config)
    {
        if (config.LoraBias)
        {
            throw new ArgumentException($"lora_bias cannot be used on the embedding {layer.Name}");
        }

        if (tiedHead is not null && config.UseDora)
        {
            throw new NotSupportedException($"use_dora on {layer.Name} with ensure_weight_tying is not supported yet");
        }
    }

    private sealed class Plug(LoraEmbeddingPart part) : EmbeddingPlug
    {
        public float Scaling { get; set; }

        public override Tensor TransformOutput(ForwardContext context, Tensor y)
        {
            Op.LoraEmbedding(context.Tape, context.TokenIds, y, part.A, part.B, Scaling, part._layer.PaddingId);
            return part._magnitude is null ? y : part._magnitude.Apply(context.Tape, y, null, Scaling);
        }
    }

    private sealed class HeadPlug(LoraEmbeddingPart part) : LinearPlug
    {
        public override Tensor TransformOutput(ForwardContext context, Tensor x, Tensor y)
        {
            Op.Lora(context.Tape, x, y, part.B, part.A, null, part._plug.Scaling, dropout: 0, LinearLayout.InOut);
            return y;
        }
    }
}
