using System.Text.Json;
using Graft.Models;

namespace Graft.Peft;

/// <summary>PEFT's <c>LoraConfig</c> (Hu et al. 2021), field by field. Note PEFT's defaults: rank 8, alpha 8.</summary>
public sealed record LoraConfig : LayerAdapterConfig
{
    /// <summary>Defaults.</summary>
    public LoraConfig()
    {
    }

    /// <summary>Reads an adapter_config.json.</summary>
    /// <param name="reader">The file.</param>
    internal LoraConfig(ConfigReader reader)
        : base(reader)
    {
        R = reader.OptionalInteger("r") ?? 8;
        LoraAlpha = reader.Number(8, "lora_alpha");
        LoraDropout = reader.Number(0, "lora_dropout");
        Bias = reader.Text("none", "bias");
        UseRslora = reader.Flag(false, "use_rslora");
        LoraBias = reader.Flag(false, "lora_bias");
        UseDora = reader.Flag(false, "use_dora");
        UseQalora = reader.Flag(false, "use_qalora");
        QaloraGroupSize = reader.OptionalInteger("qalora_group_size") ?? 16;
        EnsureWeightTying = reader.Flag(false, "ensure_weight_tying");
        MegatronCore = reader.Text("megatron.core", "megatron_core");
        InitLoraWeights = LoraInitialization.Read(reader);
        RankPattern = LoraPatterns.ReadRanks(reader);
        AlphaPattern = LoraPatterns.ReadAlphas(reader);
        TrainableTokenIndices = TokenIndices.Read(reader);
        Variants = LoraVariants.Read(reader);
    }

    /// <inheritdoc/>
    public override string PeftType => "LORA";

    /// <summary>Rank.</summary>
    public int R { get; init; } = 8;

    /// <summary>Numerator of the scaling alpha / r.</summary>
    public double LoraAlpha { get; init; } = 8;

    /// <summary>Probability that an input element of A is dropped, in training.</summary>
    public double LoraDropout { get; init; }

    /// <summary>Which biases of the base model are trained with the adapter: <c>none</c>, <c>all</c> or <c>lora_only</c>.</summary>
    public string Bias { get; init; } = "none";

    /// <summary>Scaling alpha / sqrt(r) (Kalajdzievski 2023).</summary>
    public bool UseRslora { get; init; }

    /// <summary>How A and B start.</summary>
    public LoraInitialization InitLoraWeights { get; init; } = LoraInitialization.Default;

    /// <summary>Ranks of layers whose path ends with a key, a regular expression; the first key that fits wins.</summary>
    public IReadOnlyDictionary<string, int> RankPattern { get; init; } = new Dictionary<string, int>();

    /// <summary>Alphas of layers whose path ends with a key, a regular expression; the first key that fits wins.</summary>
    public IReadOnlyDictionary<string, double> AlphaPattern { get; init; } = new Dictionary<string, double>();

    /// <summary>Whether B has a bias.</summary>
    public bool LoraBias { get; init; }

    /// <summary>Whether magnitude and direction are split: DoRA (Liu et al. 2024).</summary>
    public bool UseDora { get; init; }

    /// <summary>QALoRA, for GPTQ bases.</summary>
    public bool UseQalora { get; init; }

    /// <summary>QALoRA's group size.</summary>
    public int QaloraGroupSize { get; init; } = 16;

    /// <summary>Whether adapters of a tied embedding act on the head too.</summary>
    public bool EnsureWeightTying { get; init; }

    /// <summary>Rows of embeddings that are trained; null for none.</summary>
    public TokenIndices? TrainableTokenIndices { get; init; }

    /// <summary>Module of Megatron layers.</summary>
    public string MegatronCore { get; init; } = "megatron.core";

    /// <summary>The fields of other variants of LoRA, as they are in the file; fields that are null are left out.</summary>
    public IReadOnlyDictionary<string, JsonElement> Variants { get; init; } = new Dictionary<string, JsonElement>();

    /// <summary>The scaling for a rank and an alpha.</summary>
    /// <param name="rank">Rank.</param>
    /// <param name="alpha">Alpha.</param>
    public double ScalingOf(int rank, double alpha) => alpha / (UseRslora ? Math.Sqrt(rank) : rank);

    /// <inheritdoc/>
    public override void Validate()
    {
        base.Validate();
        if (R <= 0)
        {
            throw new ArgumentException($"r must be a positive integer, but is {R}");
        }

        if (!double.IsFinite(LoraAlpha))
        {
            throw new ArgumentException($"lora_alpha must be a number, but is {LoraAlpha}");
        }

        if (!(LoraDropout is >= 0 and < 1))
        {
            throw new ArgumentException(FormattableString.Invariant($"lora_dropout must be in [0, 1), but is {LoraDropout}"));
        }

        if (Bias is not ("none" or "all" or "lora_only"))
        {
            throw new ArgumentException($"bias '{Bias}' is unknown; known are none, all, lora_only");
        }

        LoraPatterns.Check(this);
        LoraVariants.Check(this);
    }

    /// <inheritdoc/>
    internal override IEnumerable<(string Name, object? Value)> Fields()
    {
        foreach ((string, object?) field in base.Fields())
        {
            yield return field;
        }

        yield return ("alpha_pattern", LoraPatterns.Write(AlphaPattern.Select(entry => KeyValuePair.Create(entry.Key, (object?)new PythonJson.Number(entry.Value))), AlphaPatternOrderMatters));
        yield return ("bias", Bias);
        yield return ("ensure_weight_tying", EnsureWeightTying);
        yield return ("exclude_modules", Write(ExcludeModules));
        yield return ("fan_in_fan_out", FanInFanOut);
        yield return ("init_lora_weights", InitLoraWeights.ToJsonValue());
        yield return ("layers_pattern", Write(LayersPattern));
        yield return ("layers_to_transform", LayersToTransformIsNumber && LayersToTransform is { Count: 1 } ? (object)LayersToTransform[0] : LayersToTransform);
        yield return ("lora_alpha", new PythonJson.Number(LoraAlpha));
        yield return ("lora_bias", LoraBias);
        yield return ("lora_dropout", LoraDropout);
        yield return ("megatron_core", MegatronCore);
        yield return ("qalora_group_size", QaloraGroupSize);
        yield return ("r", R);
        yield return ("rank_pattern", LoraPatterns.Write(RankPattern.Select(entry => KeyValuePair.Create(entry.Key, (object?)entry.Value)), RankPatternOrderMatters));
        yield return ("target_modules", Write(TargetModules));
        yield return ("trainable_token_indices", TrainableTokenIndices?.ToJsonValue());
        yield return ("use_dora", UseDora);
        yield return ("use_qalora", UseQalora);
        yield return ("use_rslora", UseRslora);
        foreach ((string, object?) field in LoraVariants.Fields(Variants))
        {
            yield return field;
        }
    }

    /// <inheritdoc/>
    private protected override bool MayTargetNothing => Variants.ContainsKey("target_parameters");

    /// <summary>Whether sorting the keys of <see cref="RankPattern"/> would change a layer's rank.</summary>
    internal bool RankPatternOrderMatters { get; init; }

    /// <summary>Whether sorting the keys of <see cref="AlphaPattern"/> would change a layer's alpha.</summary>
    internal bool AlphaPatternOrderMatters { get; init; }
}
