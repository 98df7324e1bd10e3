namespace Graft.Text.Decoders;

/// <summary><c>WordPiece</c>: tokens without the prefix begin a word; cleaning up takes spaces away before punctuation.</summary>
internal sealed class WordPieceDecoder(string prefix, bool cleanup) : IDecoder
{
    private static readonly (string Spaced, string Joined)[] Contractions =
    [
        (" .", "."), (" ?", "?"), (" !", "!"), (" ,", ","), (" ' ", "'"), (" n't", "n't"), (" 'm", "'m"), (" do not", " don't"), (" 's", "'s"), (" 've", "'ve"), (" 're", "'re"),
    ];

    /// <inheritdoc/>
    public List<string> Decode(List<string> tokens)
    {
        var decoded = new List<string>(tokens.Count);
        for (int i = 0; i < tokens.Count; i++)
        {
            string token = tokens[i];
            if (i > 0)
            {
                token = token.StartsWith(prefix, StringComparison.Ordinal) ? token[prefix.Length..] : " " + token;
            }

            decoded.Add(cleanup ? CleanUp(token) : token);
        }

        return decoded;
    }

    /// <summary>English as it is usually spaced.</summary>
    internal static string CleanUp(string text)
        => Contractions.Aggregate(text, (current, pair) => current.Replace(pair.Spaced, pair.Joined, StringComparison.Ordinal));
}
