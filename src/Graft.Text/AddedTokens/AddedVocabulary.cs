using Graft.Text.Models;
using Graft.Text.Normalizers;
using Graft.Text.Pipeline;

namespace Graft.Text.AddedTokens;

/// <summary>A part of a text: an added token, or (without id) what lies between two of them.</summary>
internal readonly record struct TextSegment(AlignedText Text, int? Id);

/// <summary>The added tokens of a tokenizer with their ids, and the search for them.</summary>
/// <remarks>
/// Tokens that the model knows have the model's ids, the others the next free ones in order. The search goes in two passes: first
/// those with <c>normalized: false</c> in the raw text, then the others in what the normalizer makes of the rest.
/// </remarks>
internal sealed class AddedVocabulary
{
    private readonly Dictionary<string, int> _ids = new(StringComparer.Ordinal);
    private readonly Dictionary<int, string> _tokens = [];
    private readonly Dictionary<int, string> _decoded = [];
    private readonly HashSet<int> _special = [];
    private readonly AddedTokenSearch _raw;
    private readonly AddedTokenSearch _normalized;
    private readonly INormalizer? _normalizer;

    /// <summary>Gives ids to <paramref name="tokens"/>; of tokens with the same content the last one's options hold.</summary>
    internal AddedVocabulary(IEnumerable<AddedToken> tokens, Vocabulary model, INormalizer? normalizer)
    {
        _normalizer = normalizer;
        var byContent = new Dictionary<string, AddedToken>(StringComparer.Ordinal);
        int next = model.Count;
        foreach (AddedToken token in tokens.Where(token => token.Content.Length > 0))
        {
            if (!_ids.TryGetValue(token.Content, out int id))
            {
                id = model.TryGetId(token.Content, out int known) ? known : next;
                _ids.Add(token.Content, id);
                _tokens[id] = token.Content;
                next = Math.Max(next, id + 1);
            }

            byContent[token.Content] = token;
            if (token.Special)
            {
                _special.Add(id);
            }
        }

        foreach (AddedToken token in byContent.Values)
        {
            int id = _ids[token.Content];
            _decoded[id] = token.Normalized ? Normalize(token.Content) : token.Content;
        }

        AddedCount = _ids.Count(entry => !model.TryGetId(entry.Key, out _));
        _raw = new AddedTokenSearch(byContent.Values.Where(token => !token.Normalized).Select(token => (token.Content, token, _ids[token.Content])));
        _normalized = new AddedTokenSearch(byContent.Values.Where(token => token.Normalized).Select(token => (Normalize(token.Content), token, _ids[token.Content])));
    }

    /// <summary>Number of tokens that the model does not know.</summary>
    internal int AddedCount { get; }

    /// <summary>The id of an added token.</summary>
    internal bool TryGetId(string token, out int id) => _ids.TryGetValue(token, out id);

    /// <summary>The added token with an id, or null.</summary>
    internal string? TokenOf(int id) => _tokens.GetValueOrDefault(id);

    /// <summary>What decoding writes for an added token, or null: tokens that are searched for in the normalized text come back normalized.</summary>
    internal string? DecodedOf(int id) => _decoded.GetValueOrDefault(id);

    /// <summary>Whether decoding can leave the token out.</summary>
    internal bool IsSpecial(int id) => _special.Contains(id);

    /// <summary>Cuts a text at added tokens and normalizes what lies between them.</summary>
    internal List<TextSegment> Segment(string text)
    {
        var raw = new List<TextSegment>();
        _raw.Cut(new AlignedText(text.AsMemory(), 0), raw);
        if (_normalizer is null && _normalized.IsEmpty)
        {
            return raw;
        }

        var segments = new List<TextSegment>(raw.Count);
        foreach (TextSegment segment in raw)
        {
            if (segment.Id is not null)
            {
                segments.Add(segment);
                continue;
            }

            _normalized.Cut(_normalizer?.Normalize(segment.Text) ?? segment.Text, segments);
        }

        return segments;
    }

    private string Normalize(string content)
        => _normalizer is null ? content : _normalizer.Normalize(new AlignedText(content.AsMemory(), 0)).Characters.ToString();
}
