namespace Graft.Models.T5;

/// <summary>mT5 (Xue et al. 2021): T5 1.1 for many languages; its decoder output is never scaled.</summary>
public sealed class MT5Family : T5Family
{
    /// <inheritdoc/>
    public override string ModelType => "mt5";

    /// <inheritdoc/>
    protected override T5Defaults Defaults => new() { FeedForwardSize = 1024, Layers = 8, Heads = 6, FeedForward = "gated-gelu", ScalesDecoderOutput = false };
}
