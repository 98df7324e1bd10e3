using Graft.Generation.Processors;
using Graft.Generation.Stopping;
using Graft.Models;

namespace Graft.Generation.Decoding;

/// <summary>One text to generate, in tokens.</summary>
public sealed record GenerationRequest
{
    /// <summary>Seed of the random numbers where nobody chooses one.</summary>
    public const ulong DefaultSeed = 42;

    /// <summary>The prompt's token ids; at least one. For an encoder-decoder what its text begins with: the decoder's start token.</summary>
    public required IReadOnlyList<int> PromptIds { get; init; }

    /// <summary>Token ids of the source that an encoder-decoder reads; null for a model that continues texts.</summary>
    public IReadOnlyList<int>? SourceIds { get; init; }

    /// <summary>All settings: what <see cref="GenerationConfig.Of"/> gives for the model, <see cref="GenerationConfig.With"/> what is asked for.</summary>
    public required GenerationConfig Config { get; init; }

    /// <summary>Seed of the random numbers. Seed, prompt and <see cref="ReturnIndex"/> make the text, whatever runs beside it.</summary>
    public ulong Seed { get; init; } = DefaultSeed;

    /// <summary>Which of several texts of the same prompt and seed (<c>num_return_sequences</c>).</summary>
    public int ReturnIndex { get; init; }

    /// <summary>The prompt to get away from, with <c>guidance_scale</c>; without it the last token of the prompt.</summary>
    public IReadOnlyList<int>? NegativePromptIds { get; init; }

    /// <summary>The bytes of a token inside a text; needed for <c>stop_strings</c>.</summary>
    public BytesOfToken? BytesOfToken { get; init; }

    /// <summary>Which tokens may follow, or null for all.</summary>
    public AllowedTokens? AllowedTokens { get; init; }

    /// <summary>Processors of the caller; they come before those of sampling, and serve this request alone.</summary>
    public IReadOnlyList<ILogitsProcessor> Processors { get; init; } = [];

    /// <summary>A small model with the same tokens that guesses ahead (assisted decoding): the same text, faster if it guesses well.</summary>
    public LanguageModel? Assistant { get; init; }
}
