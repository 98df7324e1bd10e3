using System.Text;
using Graft.Text.Patterns;
using Graft.Text.Pipeline;

namespace Graft.Text.Decoders;

/// <summary><c>Replace</c>: replaces a pattern within every token.</summary>
internal sealed class ReplaceDecoder(ITextPattern pattern, string content) : IDecoder
{
    /// <inheritdoc/>
    public List<string> Decode(List<string> tokens) => tokens.ConvertAll(Replace);

    private string Replace(string token)
    {
        var replaced = new StringBuilder();
        int done = 0;
        var occurrences = new Occurrences(pattern.Search(token.Length), token);
        while (occurrences.TryNext(out TextRange found))
        {
            replaced.Append(token, done, found.Start - done).Append(content);
            done = found.End;
        }

        return done == 0 && replaced.Length == 0 ? token : replaced.Append(token, done, token.Length - done).ToString();
    }
}
