namespace Graft.Text;

/// <summary>Which text of a pair gives way when both are too long.</summary>
public enum TruncationStrategy
{
    /// <summary>The longer one; both, if the shorter is longer than half.</summary>
    LongestFirst,

    /// <summary>The first one only.</summary>
    OnlyFirst,

    /// <summary>The second one only.</summary>
    OnlySecond,
}

/// <summary>From which end tokens are cut, or padding is added.</summary>
public enum TokenDirection
{
    /// <summary>The end of the text.</summary>
    Right,

    /// <summary>The start of the text.</summary>
    Left,
}

/// <summary>How long an encoding may be. What is cut off is not lost: it is in <see cref="Encoding.Overflowing"/>.</summary>
/// <param name="MaxLength">Most tokens, special tokens included. If there are more special tokens than that, nothing is cut.</param>
/// <param name="Stride">How many tokens neighbouring windows share.</param>
/// <param name="Strategy">Which text of a pair gives way.</param>
/// <param name="Direction">From which end tokens are cut.</param>
public sealed record Truncation(int MaxLength, int Stride = 0, TruncationStrategy Strategy = TruncationStrategy.LongestFirst, TokenDirection Direction = TokenDirection.Right)
{
    /// <summary>Cuts a text and its pair to <see cref="MaxLength"/> tokens, <paramref name="specialTokens"/> of which are yet to come.</summary>
    /// <exception cref="ArgumentException">The text that should give way is too short, or the stride too long.</exception>
    internal (Encoding First, Encoding? Second) Apply(Encoding first, Encoding? second, int specialTokens)
    {
        int room = MaxLength - specialTokens;
        int total = first.Length + (second?.Length ?? 0);
        if (room < 0 || total <= room)
        {
            return (first, second);
        }

        if (room == 0)
        {
            return (Cut(first, 0), second is null ? null : Cut(second, 0));
        }

        switch (Strategy)
        {
            case TruncationStrategy.OnlyFirst:
                return (CutBy(first, total - room, "first"), second);
            case TruncationStrategy.OnlySecond:
                return second is null
                    ? throw new ArgumentException("truncation 'only_second' needs a pair of texts; use 'longest_first' or 'only_first' for a single one")
                    : (first, CutBy(second, total - room, "second"));
            default:
                if (second is null)
                {
                    return (Cut(first, room), null);
                }

                (int firstLength, int secondLength) = Share(first.Length, second.Length, room);
                return (Cut(first, firstLength), Cut(second, secondLength));
        }
    }

    /// <summary>The shorter text stays whole if it fits into half of the room; else both get half, the longer the odd one.</summary>
    private static (int First, int Second) Share(int first, int second, int room)
    {
        int shorter = Math.Min(first, second);
        int longer = shorter > room ? shorter : Math.Max(shorter, room - shorter);
        if (shorter + longer > room)
        {
            shorter = room / 2;
            longer = shorter + (room % 2);
        }

        return first > second ? (longer, shorter) : (shorter, longer);
    }

    private Encoding CutBy(Encoding encoding, int excess, string which)
        => encoding.Length > excess
            ? Cut(encoding, encoding.Length - excess)
            : throw new ArgumentException($"the {which} text has only {encoding.Length} tokens, but {excess} must go to reach max_length {MaxLength}; use 'longest_first'");

    private Encoding Cut(Encoding encoding, int length)
    {
        if (length >= encoding.Length)
        {
            return encoding;
        }

        if (length == 0)
        {
            return encoding.Slice(0, 0).WithOverflowing([encoding]);
        }

        if (Stride >= length)
        {
            throw new ArgumentException($"stride {Stride} must be less than the {length} tokens that remain of a text after truncation");
        }

        var windows = new List<Encoding>();
        int step = length - Stride;
        if (Direction == TokenDirection.Right)
        {
            for (int start = 0, end = 0; end < encoding.Length; start += step)
            {
                end = Math.Min(start + length, encoding.Length);
                windows.Add(encoding.Slice(start, end));
            }
        }
        else
        {
            for (int end = encoding.Length, start = 1; start > 0; end -= step)
            {
                start = Math.Max(0, end - length);
                windows.Add(encoding.Slice(start, end));
            }
        }

        return windows[0].WithOverflowing(windows[1..]);
    }
}
