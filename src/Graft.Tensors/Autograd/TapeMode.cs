namespace Graft.Tensors;

/// <summary>What a tape does with the ops that run on it.</summary>
public enum TapeMode
{
    /// <summary>Nothing is recorded: inference.</summary>
    Inference,

    /// <summary>Nodes are recorded for a backward pass.</summary>
    Recording,

    /// <summary>Only whether a tensor requires a gradient is followed: the forward pass of a block that is recomputed later.</summary>
    Tracking,
}
