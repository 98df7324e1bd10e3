using System.Buffers;
using System.Text;
using Graft.Text.Characters;
using Graft.Text.Pipeline;

namespace Graft.Text.AddedTokens;

/// <summary>Finds added tokens in a text: leftmost first, then longest.</summary>
internal sealed class AddedTokenSearch
{
    private readonly CharacterTrie _trie = new();
    private readonly List<(AddedToken Token, int Id)> _tokens = [];
    private readonly SearchValues<char> _starts;

    /// <summary>A search for tokens by what they look like in the text.</summary>
    internal AddedTokenSearch(IEnumerable<(string Pattern, AddedToken Token, int Id)> tokens)
    {
        var starts = new HashSet<char>();
        foreach ((string pattern, AddedToken token, int id) in tokens)
        {
            if (pattern.Length > 0)
            {
                _trie.Add(pattern, _tokens.Count);
                _tokens.Add((token, id));
                starts.Add(pattern[0]);
            }
        }

        _starts = SearchValues.Create(starts.ToArray());
    }

    /// <summary>Whether there is nothing to search for.</summary>
    internal bool IsEmpty => _tokens.Count == 0;

    /// <summary>Appends the parts of <paramref name="text"/>.</summary>
    internal void Cut(AlignedText text, List<TextSegment> segments)
    {
        ReadOnlySpan<char> characters = text.Characters;
        int done = 0;
        for (int at = 0; at < characters.Length;)
        {
            int skipped = characters[at..].IndexOfAny(_starts);
            if (skipped < 0)
            {
                break;
            }

            at += skipped;
            int length = _trie.LongestPrefix(characters[at..], out int index);
            if (length == 0)
            {
                at++;
                continue;
            }

            (AddedToken token, int id) = _tokens[index];
            TextRange found = new(at, at + length);
            at += length;
            if (token.SingleWord && TouchesWord(characters, found))
            {
                continue;
            }

            found = Widen(characters, found, token, done);
            if (found.Start > done)
            {
                segments.Add(new TextSegment(text.Slice(new TextRange(done, found.Start)), null));
            }

            segments.Add(new TextSegment(text.Slice(found), id));
            done = found.End;
        }

        if (done < characters.Length)
        {
            segments.Add(new TextSegment(text.Slice(new TextRange(done, characters.Length)), null));
        }
    }

    /// <summary>Takes in the white space that the token swallows, as far as no token before it has.</summary>
    private static TextRange Widen(ReadOnlySpan<char> text, TextRange range, AddedToken token, int done)
    {
        (int start, int end) = (range.Start, range.End);
        while (token.LeftStrip && start > done && CharacterClasses.WhiteSpace.Contains(text[start - 1]))
        {
            start--;
        }

        while (token.RightStrip && end < text.Length && CharacterClasses.WhiteSpace.Contains(text[end]))
        {
            end++;
        }

        return new TextRange(start, end);
    }

    private static bool TouchesWord(ReadOnlySpan<char> text, TextRange range)
    {
        Rune.DecodeLastFromUtf16(text[..range.Start], out Rune before, out _);
        Rune.DecodeFromUtf16(text[range.End..], out Rune after, out _);
        return (range.Start > 0 && CharacterClasses.Word.Contains(before.Value)) || (range.End < text.Length && CharacterClasses.Word.Contains(after.Value));
    }
}
