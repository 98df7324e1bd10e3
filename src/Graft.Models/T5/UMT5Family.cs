namespace Graft.Models.T5;

/// <summary>UMT5 (Chung et al. 2023): mT5 with relative biases in every layer.</summary>
public sealed class UMT5Family : T5Family
{
    /// <inheritdoc/>
    public override string ModelType => "umt5";

    /// <inheritdoc/>
    protected override T5Defaults Defaults => new() { FeedForwardSize = 1024, Layers = 8, Heads = 6, FeedForward = "gated-gelu", BiasInEveryLayer = true };
}
