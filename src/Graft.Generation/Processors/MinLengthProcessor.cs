namespace Graft.Generation.Processors;

/// <summary>Forbids the end tokens until the text is long enough.</summary>
public sealed class MinLengthProcessor : ILogitsProcessor
{
    private readonly int _minimum;
    private readonly bool _countPrompt;
    private readonly int[] _endTokens;

    private MinLengthProcessor(string name, int minimum, bool countPrompt, IReadOnlyList<int> endTokens)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(minimum);
        Name = name;
        _minimum = minimum;
        _countPrompt = countPrompt;
        _endTokens = [.. endTokens];
    }

    /// <inheritdoc/>
    public string Name { get; }

    /// <summary><c>min_length</c>, which counts the prompt.</summary>
    /// <param name="minimum">Fewest tokens, prompt included.</param>
    /// <param name="endTokens">The end tokens.</param>
    public static MinLengthProcessor ForAll(int minimum, IReadOnlyList<int> endTokens)
        => new("MinLengthLogitsProcessor", minimum, countPrompt: true, endTokens);

    /// <summary><c>min_new_tokens</c>, which does not.</summary>
    /// <param name="minimum">Fewest new tokens.</param>
    /// <param name="endTokens">The end tokens.</param>
    public static MinLengthProcessor ForNew(int minimum, IReadOnlyList<int> endTokens)
        => new("MinNewTokensLengthLogitsProcessor", minimum, countPrompt: false, endTokens);

    /// <inheritdoc/>
    public void Process(Span<float> scores, in ProcessorContext context)
    {
        if ((_countPrompt ? context.Tokens.Length : context.NewTokens) < _minimum)
        {
            SuppressTokensProcessor.Forbid(scores, _endTokens);
        }
    }
}
