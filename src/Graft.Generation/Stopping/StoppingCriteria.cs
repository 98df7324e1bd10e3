namespace Graft.Generation.Stopping;

/// <summary>Decides whether a text is finished, after each new token.</summary>
public interface IStoppingCriterion
{
    /// <summary>Whether to stop.</summary>
    /// <param name="tokens">All tokens so far, prompt included, the newest last.</param>
    /// <param name="promptLength">How many of them are the prompt.</param>
    bool Stops(ReadOnlySpan<int> tokens, int promptLength);
}

/// <summary>Stops at an end token (<c>eos_token_id</c>).</summary>
/// <param name="endTokens">The end tokens; none: never stops.</param>
public sealed class EosTokenCriterion(IReadOnlyList<int> endTokens) : IStoppingCriterion
{
    private readonly int[] _endTokens = [.. endTokens];

    /// <inheritdoc/>
    public bool Stops(ReadOnlySpan<int> tokens, int promptLength) => !tokens.IsEmpty && _endTokens.AsSpan().Contains(tokens[^1]);
}

/// <summary>Stops at the longest length (<c>max_new_tokens</c>, <c>max_length</c>).</summary>
/// <param name="limit">The length.</param>
public sealed class MaxLengthCriterion(LengthLimit limit) : IStoppingCriterion
{
    /// <inheritdoc/>
    public bool Stops(ReadOnlySpan<int> tokens, int promptLength) => tokens.Length >= limit.TotalFor(promptLength);
}

/// <summary>The criteria of one generation; any of them stops it.</summary>
/// <param name="criteria">The criteria.</param>
public sealed class StoppingCriteria(IEnumerable<IStoppingCriterion> criteria) : IStoppingCriterion
{
    private readonly IStoppingCriterion[] _criteria = [.. criteria];

    /// <summary>What a configuration asks for: end tokens, length, stop strings.</summary>
    /// <param name="config">The settings.</param>
    /// <param name="maxPositions">The model's <c>max_position_embeddings</c>.</param>
    /// <param name="tokenText">The text of a token as it stands inside a text; needed for <c>stop_strings</c>.</param>
    /// <exception cref="ArgumentException">There are stop strings, but no <paramref name="tokenText"/>.</exception>
    public static StoppingCriteria Build(GenerationConfig config, int? maxPositions = null, Func<int, string>? tokenText = null)
    {
        ArgumentNullException.ThrowIfNull(config);
        var criteria = new List<IStoppingCriterion> { new MaxLengthCriterion(config.LimitLength(maxPositions)) };
        if (config.EosTokenId is { Count: > 0 } endTokens)
        {
            criteria.Add(new EosTokenCriterion(endTokens));
        }

        if (config.StopStrings is { Count: > 0 } strings)
        {
            criteria.Add(new StopStringCriterion(strings, tokenText ?? throw new ArgumentException("stop_strings needs a tokenizer.", nameof(tokenText))));
        }

        return new StoppingCriteria(criteria);
    }

    /// <inheritdoc/>
    public bool Stops(ReadOnlySpan<int> tokens, int promptLength)
    {
        foreach (IStoppingCriterion criterion in _criteria)
        {
            if (criterion.Stops(tokens, promptLength))
            {
                return true;
            }
        }

        return false;
    }
}
