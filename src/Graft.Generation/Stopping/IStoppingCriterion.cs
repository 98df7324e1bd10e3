namespace Graft.Generation.Stopping;

/// <summary>Decides whether a text is finished, after each new token.</summary>
public interface IStoppingCriterion
{
    /// <summary>What it means when this criterion stops a text.</summary>
    FinishReason Reason { get; }

    /// <summary>Whether to stop.</summary>
    /// <param name="tokens">All tokens so far, prompt included, the newest last.</param>
    /// <param name="promptLength">How many of them are the prompt.</param>
    bool Stops(ReadOnlySpan<int> tokens, int promptLength);
}
