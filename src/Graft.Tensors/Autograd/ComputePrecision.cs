namespace Graft.Tensors;

/// <summary>What the operands of products are rounded to while a tape runs; sums, norms, softmax, losses and gradients of parameters are always fp32.</summary>
public enum ComputePrecision
{
    /// <summary>Operands are fp32, and so is what is kept for the backward pass.</summary>
    Float32,

    /// <summary>
    /// Operands of the products of linear layers, of the head and of attention are rounded to bf16; what a block keeps for its backward pass
    /// is stored as bf16, in half the memory.
    /// </summary>
    BFloat16,
}
