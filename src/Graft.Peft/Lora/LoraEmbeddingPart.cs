using Graft.Models;
using Graft.Tensors;

namespace Graft.Peft;

/// <summary>LoRA on an embedding: <c>y = E[t] + s A[:, t]ᵀ Bᵀ</c>. Dropout does not act here.</summary>
internal sealed class LoraEmbeddingPart : AdapterPart
{
    private readonly Embedding _layer;
    private readonly Plug _plug;

    /// <summary>Makes A [rank, vocabulary] and B [features, rank].</summary>
    public LoraEmbeddingPart(Embedding layer, LoraConfig config, AdapterContext context, int rank, float scaling)
        : base(layer.Name)
    {
        if (config.LoraBias)
        {
            throw new ArgumentException($"lora_bias cannot be used on the embedding {layer.Name}");
        }

        _layer = layer;
        Scaling = scaling;
        A = Parameter.Create("lora_embedding_A", rank, layer.VocabularySize);
        B = Parameter.Create("lora_embedding_B", layer.Features, rank);
        if (context.Seed is not null)
        {
            LoraInitialize.Embedding(config.InitLoraWeights, context, layer.Name, A, B);
        }

        context.Cast(A, layer.Weight.Original);
        context.Cast(B, layer.Weight.Original);
        Parameters =
        [
            AdapterParameter.Of(layer.Name, "lora_embedding_A", string.Empty, context.Name, "ParameterDict", A),
            AdapterParameter.Of(layer.Name, "lora_embedding_B", string.Empty, context.Name, "ParameterDict", B) with { Trains = config.InitLoraWeights.Name != "mica" },
        ];
        _plug = new Plug(this);
    }

    public Parameter A { get; }

    public Parameter B { get; }

    public float Scaling { get; }

    public override IReadOnlyList<AdapterParameter> Parameters { get; }

    public override void Activate(float scale)
    {
        _plug.Scaling = Scaling * scale;
        _layer.Plugs.Add(_plug);
    }

    public override void Deactivate() => _layer.Plugs.Remove(_plug);

    /// <summary>E is stored [vocabulary, features]: the transpose of B A.</summary>
    public override void Merge(MergedWeights weights, float scale)
        => LowRankProduct.AddTo(weights.Writable(_layer.Weight), LinearLayout.InOut, A, B, Scaling * scale, ModuleName);

    private sealed class Plug(LoraEmbeddingPart part) : EmbeddingPlug
    {
        public float Scaling { get; set; }

        public override Tensor TransformOutput(ForwardContext context, Tensor y)
        {
            Op.LoraEmbedding(context.Tape, context.TokenIds, y, part.A, part.B, Scaling, part._layer.PaddingId);
            return y;
        }
    }
}
