namespace Graft.Generation.Processors;

/// <summary>Changes the scores of the next token before one is chosen.</summary>
/// <remarks>
/// Processors of one list share scratch memory: a list serves one sequence at a time. After the first call with a vocabulary
/// size no call allocates.
/// </remarks>
public interface ILogitsProcessor
{
    /// <summary>The name of the class in transformers that does the same.</summary>
    string Name { get; }

    /// <summary>Changes <paramref name="scores"/> in place.</summary>
    /// <param name="scores">One score for each token of the vocabulary: logits, or log-probabilities in beam search. Minus infinity means never.</param>
    /// <param name="context">What has been said so far.</param>
    void Process(Span<float> scores, in ProcessorContext context);
}
