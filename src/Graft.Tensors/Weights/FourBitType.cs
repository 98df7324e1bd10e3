namespace Graft.Tensors;

/// <summary>What the 16 codes of a 4-bit weight stand for.</summary>
public enum FourBitType
{
    /// <summary>Quantiles of the normal distribution (QLoRA).</summary>
    NF4,

    /// <summary>A floating-point number of 4 bits.</summary>
    FP4,
}
