namespace Graft.Text.Decoders;

/// <summary><c>CTC</c>: repeated tokens collapse, then the padding token vanishes, then the word delimiter becomes a space.</summary>
internal sealed class CtcDecoder(string padToken, string wordDelimiter, bool cleanup) : IDecoder
{
    /// <inheritdoc/>
    public List<string> Decode(List<string> tokens)
    {
        var decoded = new List<string>();
        for (int i = 0; i < tokens.Count; i++)
        {
            if (i > 0 && tokens[i] == tokens[i - 1])
            {
                continue;
            }

            string token = padToken.Length == 0 ? tokens[i] : tokens[i].Replace(padToken, string.Empty, StringComparison.Ordinal);
            if (cleanup)
            {
                token = WordPieceDecoder.CleanUp(token);
                token = wordDelimiter.Length == 0 ? token : token.Replace(wordDelimiter, " ", StringComparison.Ordinal);
            }

            if (token.Length > 0)
            {
                decoded.Add(token);
            }
        }

        return decoded;
    }
}
