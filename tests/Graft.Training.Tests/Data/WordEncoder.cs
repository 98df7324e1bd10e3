using Graft.Training.Data;

namespace Graft.Training.Tests.Data;

/// <summary>
/// A tokenizer for tests: a token is a word with the space before it, or one other character; "&lt;/s&gt;" is the end-of-sequence token, 1.
/// </summary>
internal sealed class WordEncoder : ITextEncoder
{
    private readonly Dictionary<string, int> _ids = new() { ["</s>"] = 1 };

    public int? EosTokenId { get; init; } = 1;

    public int? BosTokenId { get; init; }

    public EncodedText Encode(string text)
    {
        var ids = new List<int>();
        var offsets = new List<(int, int)>();
        int[] codePoints = CodePoints.IndexesIn(text);
        for (int start = 0; start < text.Length;)
        {
            int end = End(text, start);
            string piece = text[start..end];
            if (!_ids.TryGetValue(piece, out int id))
            {
                _ids.Add(piece, id = _ids.Count + 1);
            }

            ids.Add(id);
            offsets.Add((Array.IndexOf(codePoints, start), Array.IndexOf(codePoints, end)));
            start = end;
        }

        return new EncodedText([.. ids], [.. offsets]);
    }

    private static int End(string text, int start)
    {
        if (text.AsSpan(start).StartsWith("</s>"))
        {
            return start + 4;
        }

        int end = start + (char.IsHighSurrogate(text[start]) ? 2 : 1);
        if (text[start] == ' ' || char.IsLetter(text[start]))
        {
            while (end < text.Length && char.IsLetter(text[end]))
            {
                end++;
            }
        }

        return end;
    }
}
