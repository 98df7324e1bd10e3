namespace Graft.Models.T5;

/// <summary>What a config.json of the T5 kind means where it says nothing, and how the families differ beyond it.</summary>
public sealed record T5Defaults
{
    /// <summary><c>d_ff</c>.</summary>
    public required int FeedForwardSize { get; init; }

    /// <summary><c>num_layers</c>.</summary>
    public required int Layers { get; init; }

    /// <summary><c>num_heads</c>.</summary>
    public required int Heads { get; init; }

    /// <summary><c>feed_forward_proj</c>.</summary>
    public required string FeedForward { get; init; }

    /// <summary>Whether the decoder's output is ever scaled: never in mT5.</summary>
    public bool ScalesDecoderOutput { get; init; } = true;

    /// <summary>Whether every layer has relative biases of its own.</summary>
    public bool BiasInEveryLayer { get; init; }
}
