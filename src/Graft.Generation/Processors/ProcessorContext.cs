namespace Graft.Generation.Processors;

/// <summary>What a processor may look at besides the scores.</summary>
public readonly ref struct ProcessorContext
{
    /// <summary>The state of one sequence.</summary>
    /// <param name="tokens">All tokens so far, prompt included (for encoder-decoder models: the decoder's).</param>
    /// <param name="promptLength">How many of them are the prompt.</param>
    public ProcessorContext(ReadOnlySpan<int> tokens, int promptLength)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(promptLength);
        Tokens = tokens;
        PromptLength = promptLength;
        EncoderTokens = tokens[..Math.Min(promptLength, tokens.Length)];
    }

    /// <summary>All tokens so far, prompt included.</summary>
    public ReadOnlySpan<int> Tokens { get; }

    /// <summary>How many of <see cref="Tokens"/> are the prompt.</summary>
    public int PromptLength { get; }

    /// <summary>The encoder's input; for models without an encoder the prompt, as transformers has it.</summary>
    public ReadOnlySpan<int> EncoderTokens { get; init; }

    /// <summary>Logits of the unconditional run, for guidance; empty without.</summary>
    public ReadOnlySpan<float> UnconditionalScores { get; init; }

    /// <summary>Tokens generated so far.</summary>
    public int NewTokens => Tokens.Length - PromptLength;
}
