namespace Graft.Text.Models;

/// <summary>
/// Remembers the tokens of recent short pieces. A table of fixed size without locks: entries are immutable, a slot is
/// replaced in one step, and whoever loses a race merely computes again.
/// </summary>
internal sealed class WordCache
{
    private const int Slots = 1 << 16;
    /// <summary>Longer pieces are not remembered.</summary>
    internal const int LongestWord = 64;

    private readonly Entry?[] _entries = new Entry?[Slots];

    /// <summary>The tokens of <paramref name="word"/>, if they are remembered.</summary>
    internal ModelToken[]? Find(ReadOnlySpan<char> word)
    {
        if (word.Length > LongestWord)
        {
            return null;
        }

        Entry? entry = _entries[SlotOf(word)];
        return entry is not null && word.SequenceEqual(entry.Word) ? entry.Tokens : null;
    }

    /// <summary>Remembers the tokens of <paramref name="word"/> unless it is long.</summary>
    internal void Remember(ReadOnlySpan<char> word, ReadOnlySpan<ModelToken> tokens)
    {
        if (word.Length <= LongestWord)
        {
            _entries[SlotOf(word)] = new Entry(word.ToString(), tokens.ToArray());
        }
    }

    private static int SlotOf(ReadOnlySpan<char> word) => string.GetHashCode(word) & (Slots - 1);

    private sealed record Entry(string Word, ModelToken[] Tokens);
}
