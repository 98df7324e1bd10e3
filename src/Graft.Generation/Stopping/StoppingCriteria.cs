namespace Graft.Generation.Stopping;

/// <summary>The criteria of one text; any of them stops it.</summary>
/// <param name="criteria">The criteria; of several that stop at once the first gives the reason.</param>
public sealed class StoppingCriteria(IEnumerable<IStoppingCriterion> criteria)
{
    private readonly IStoppingCriterion[] _criteria = [.. criteria];

    /// <summary>What a configuration asks for: end tokens, stop strings, length, time.</summary>
    /// <param name="config">The settings.</param>
    /// <param name="maxPositions">The model's <c>max_position_embeddings</c>.</param>
    /// <param name="bytesOf">The bytes of a token inside a text; needed for <c>stop_strings</c>.</param>
    /// <exception cref="ArgumentException">There are stop strings, but no <paramref name="bytesOf"/>.</exception>
    public static StoppingCriteria Build(GenerationConfig config, int? maxPositions = null, BytesOfToken? bytesOf = null)
    {
        ArgumentNullException.ThrowIfNull(config);
        var criteria = new List<IStoppingCriterion>();
        if (config.EosTokenId is { Count: > 0 } endTokens)
        {
            criteria.Add(new EosTokenCriterion(endTokens));
        }

        if (config.StopStrings is { Count: > 0 } strings)
        {
            criteria.Add(new StopStringCriterion(strings, bytesOf ?? throw new ArgumentException("stop_strings needs a tokenizer.", nameof(bytesOf))));
        }

        criteria.Add(new MaxLengthCriterion(config.LimitLength(maxPositions), maxPositions));
        if (config.MaxTime is { } seconds)
        {
            criteria.Add(new MaxTimeCriterion(TimeSpan.FromSeconds(seconds)));
        }

        return new StoppingCriteria(criteria);
    }

    /// <summary>Why to stop, or null to go on.</summary>
    /// <param name="tokens">All tokens so far, prompt included, the newest last.</param>
    /// <param name="promptLength">How many of them are the prompt.</param>
    public FinishReason? ReasonToStop(ReadOnlySpan<int> tokens, int promptLength)
    {
        foreach (IStoppingCriterion criterion in _criteria)
        {
            if (criterion.Stops(tokens, promptLength))
            {
                return criterion.Reason;
            }
        }

        return null;
    }
}
