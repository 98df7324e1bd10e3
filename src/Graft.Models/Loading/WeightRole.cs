namespace Graft.Models;

/// <summary>What a weight is for: how a new one starts.</summary>
public enum WeightRole
{
    /// <summary>Of a linear layer: normal, standard deviation <c>initializer_range</c>.</summary>
    Matrix,

    /// <summary>Of an embedding: the same.</summary>
    Embedding,

    /// <summary>Of a norm: ones.</summary>
    NormWeight,

    /// <summary>A bias: zeros.</summary>
    Bias,
}
