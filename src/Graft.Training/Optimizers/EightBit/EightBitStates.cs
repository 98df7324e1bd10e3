namespace Graft.Training.Optimizers;

/// <summary>
/// Moments in 8 bits, as bitsandbytes keeps them (Dettmers et al. 2022, arXiv:2110.02861): a code for each element and the largest
/// magnitude of every 256. A step decodes a block, updates it and the parameters in fp32, and encodes it anew.
/// </summary>
/// <param name="MinimumElements">Parameters with fewer elements keep fp32 moments.</param>
public sealed record EightBitStates(int MinimumElements = EightBitStates.DefaultMinimumElements)
{
    /// <summary>bitsandbytes' <c>min_8bit_size</c>.</summary>
    public const int DefaultMinimumElements = 4096;

    /// <summary>Elements that share a largest magnitude.</summary>
    public const int BlockSize = 256;

    /// <summary>Whether a parameter's moments are kept in 8 bits.</summary>
    /// <param name="slot">The parameter.</param>
    internal bool Applies(in ParameterSlot slot) => slot.Count >= MinimumElements && !slot.KeepsFullState;
}
