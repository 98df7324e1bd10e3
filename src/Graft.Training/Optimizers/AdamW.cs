namespace Graft.Training.Optimizers;

/// <summary>
/// AdamW (Loshchilov and Hutter 2019, arXiv:1711.05101) with torch's arithmetic: <see cref="Adam"/> after shrinking every
/// parameter by <c>1 - lr * weight_decay</c>. bitsandbytes' Adam and AdamW compute the same.
/// </summary>
public sealed class AdamW : Adam
{
    /// <summary>Allocates the moments.</summary>
    /// <param name="parameters">Where each parameter lies.</param>
    /// <param name="groups">Rates and decays (torch's default decay is 0.01, the Trainer's 0).</param>
    /// <param name="options">The algorithm's options.</param>
    /// <param name="eightBit">Keep moments in 8 bits; null for fp32.</param>
    public AdamW(IReadOnlyList<ParameterSlot> parameters, IReadOnlyList<ParameterGroup> groups, AdamOptions? options = null, EightBitStates? eightBit = null)
        : base(parameters, groups, options, decoupledWeightDecay: true, eightBit)
    {
    }
}
