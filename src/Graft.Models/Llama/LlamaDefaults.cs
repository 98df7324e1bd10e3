namespace Graft.Models.Llama;

/// <summary>What a config.json of the Llama kind means where it says nothing.</summary>
public sealed record LlamaDefaults
{
    /// <summary><c>tie_word_embeddings</c>.</summary>
    public bool TieWordEmbeddings { get; init; }

    /// <summary><c>num_hidden_layers</c>.</summary>
    public int Layers { get; init; } = 32;

    /// <summary><c>num_attention_heads</c>.</summary>
    public int Heads { get; init; } = 32;

    /// <summary><c>num_key_value_heads</c>; null for as many as heads. A null in the file means as many as heads in every family.</summary>
    public int? KeyValueHeads { get; init; }

    /// <summary><c>head_dim</c>; null for hidden size / heads.</summary>
    public int? HeadSize { get; init; }

    /// <summary><c>intermediate_size</c>.</summary>
    public int IntermediateSize { get; init; } = 11008;

    /// <summary><c>rms_norm_eps</c>.</summary>
    public double RmsNormEpsilon { get; init; } = 1e-6;

    /// <summary><c>max_position_embeddings</c>.</summary>
    public int Positions { get; init; } = 2048;

    /// <summary><c>rope_theta</c>.</summary>
    public double RopeTheta { get; init; } = 10000;
}
