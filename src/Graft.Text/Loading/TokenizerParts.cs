using Graft.Text.AddedTokens;
using Graft.Text.Decoders;
using Graft.Text.Models;
using Graft.Text.Normalizers;
using Graft.Text.PostProcessors;
using Graft.Text.PreTokenizers;

namespace Graft.Text.Loading;

/// <summary>The components of a tokenizer, whatever files they came from.</summary>
internal sealed record TokenizerParts
{
    /// <summary>Rewrites text first, or null.</summary>
    internal INormalizer? Normalizer { get; init; }

    /// <summary>Cuts text into pieces, or null.</summary>
    internal IPreTokenizer? PreTokenizer { get; init; }

    /// <summary>Turns pieces into tokens.</summary>
    internal required ITokenModel Model { get; init; }

    /// <summary>Tokens that are found before all else.</summary>
    internal required AddedVocabulary Added { get; init; }

    /// <summary>Adds special tokens, or null.</summary>
    internal IPostProcessor? PostProcessor { get; init; }

    /// <summary>Turns tokens into text; null joins them by spaces.</summary>
    internal IDecoder? Decoder { get; init; }

    /// <summary>The <c>truncation</c> of tokenizer.json.</summary>
    internal Truncation? Truncation { get; init; }

    /// <summary>The <c>padding</c> of tokenizer.json.</summary>
    internal Padding? Padding { get; init; }

    /// <summary>The token with an id, or null.</summary>
    internal static string? TokenOf(int id, ITokenModel model, AddedVocabulary added) => added.TokenOf(id) ?? model.Vocabulary.TokenOf(id);
}
