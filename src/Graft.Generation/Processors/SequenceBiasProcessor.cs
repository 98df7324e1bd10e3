namespace Graft.Generation.Processors;

/// <summary>A bias on the last token of a sequence.</summary>
/// <param name="Tokens">The sequence; not empty.</param>
/// <param name="Bias">What is added to the last token's score when the text ends with the others.</param>
public readonly record struct SequenceBias(IReadOnlyList<int> Tokens, float Bias);

/// <summary>
/// Adds biases: those of single tokens always, those of longer sequences to their last token when the text ends with the rest.
/// Biases on the same token add up. With a bias of minus infinity it forbids: <see cref="ForBadWords"/>.
/// </summary>
public sealed class SequenceBiasProcessor : ILogitsProcessor
{
    private readonly (int[] Prefix, int Last, float Bias)[] _biases;

    /// <summary>Prepares the biases; of two for the very same sequence the later counts.</summary>
    /// <param name="biases">The sequences.</param>
    /// <exception cref="ArgumentException">A sequence is empty or has a negative token.</exception>
    public SequenceBiasProcessor(IEnumerable<SequenceBias> biases)
        : this("SequenceBiasLogitsProcessor", biases)
    {
    }

    private SequenceBiasProcessor(string name, IEnumerable<SequenceBias> biases)
    {
        ArgumentNullException.ThrowIfNull(biases);
        Name = name;
        var bySequence = new Dictionary<string, (int[], int, float)>();
        foreach (SequenceBias bias in biases)
        {
            if (bias.Tokens.Count == 0 || bias.Tokens.Any(token => token < 0))
            {
                throw new ArgumentException($"A sequence to bias must have tokens, none of them negative, but one is [{string.Join(", ", bias.Tokens)}].", nameof(biases));
            }

            bySequence[string.Join(' ', bias.Tokens)] = ([.. bias.Tokens.SkipLast(1)], bias.Tokens[^1], bias.Bias);
        }

        _biases = [.. bySequence.Values];
    }

    /// <inheritdoc/>
    public string Name { get; }

    /// <summary>Forbids words (<c>bad_words_ids</c>). A word that is just an end token is dropped, or nothing could ever end.</summary>
    /// <param name="words">Token lists.</param>
    /// <param name="endTokens">The end tokens.</param>
    public static SequenceBiasProcessor ForBadWords(IEnumerable<IReadOnlyList<int>> words, IReadOnlyList<int> endTokens) => new(
        "NoBadWordsLogitsProcessor",
        words.Where(word => !(word.Count == 1 && endTokens.Contains(word[0]))).Select(word => new SequenceBias(word, float.NegativeInfinity)));

    /// <inheritdoc/>
    public void Process(Span<float> scores, in ProcessorContext context)
    {
        foreach ((int[] prefix, int last, float bias) in _biases)
        {
            if (last < scores.Length && context.Tokens.EndsWith(prefix))
            {
                scores[last] += bias;
            }
        }
    }
}
