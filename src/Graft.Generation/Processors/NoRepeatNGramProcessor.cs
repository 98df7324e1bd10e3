namespace Graft.Generation.Processors;

/// <summary>Forbids every token that would complete an n-gram that was there before, in the text or in the encoder's input.</summary>
public sealed class NoRepeatNGramProcessor : ILogitsProcessor
{
    private readonly int _size;
    private readonly bool _encoder;

    private NoRepeatNGramProcessor(string name, int size, bool encoder)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(size);
        Name = name;
        _size = size;
        _encoder = encoder;
    }

    /// <inheritdoc/>
    public string Name { get; }

    /// <summary><c>no_repeat_ngram_size</c>: n-grams of the text itself.</summary>
    /// <param name="size">Length of an n-gram; with 1 no token may come twice.</param>
    public static NoRepeatNGramProcessor ForText(int size) => new("NoRepeatNGramLogitsProcessor", size, encoder: false);

    /// <summary><c>encoder_no_repeat_ngram_size</c>: n-grams of the encoder's input.</summary>
    /// <param name="size">Length of an n-gram.</param>
    public static NoRepeatNGramProcessor ForEncoder(int size) => new("EncoderNoRepeatNGramLogitsProcessor", size, encoder: true);

    /// <inheritdoc/>
    public void Process(Span<float> scores, in ProcessorContext context)
    {
        int prefixLength = _size - 1;
        if (context.Tokens.Length < prefixLength)
        {
            return;
        }

        ReadOnlySpan<int> prefix = context.Tokens[^prefixLength..];
        ReadOnlySpan<int> source = _encoder ? context.EncoderTokens : context.Tokens;
        for (int i = prefixLength; i < source.Length; i++)
        {
            if ((uint)source[i] < (uint)scores.Length && source.Slice(i - prefixLength, prefixLength).SequenceEqual(prefix))
            {
                scores[source[i]] = float.NegativeInfinity;
            }
        }
    }
}
