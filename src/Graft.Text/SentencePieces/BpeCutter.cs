namespace Graft.Text.SentencePieces;

/// <summary>Merges neighbours into the token of highest score, leftmost first, until none is left; user-defined symbols never merge.</summary>
internal sealed class BpeCutter(SentencePieceTable table) : ISentencePieceCutter
{
    private static readonly Comparer<(float Score, int Left)> s_bestFirst
        = Comparer<(float Score, int Left)>.Create(static (a, b) => a.Score != b.Score ? b.Score.CompareTo(a.Score) : a.Left.CompareTo(b.Left));

    /// <inheritdoc/>
    public void Cut(ReadOnlySpan<byte> text, List<SentencePieceSegment> segments)
    {
        List<Symbol> symbols = Symbols(text);
        var candidates = new PriorityQueue<(int Left, int Right, int Length), (float Score, int Left)>(s_bestFirst);

        // How unused tokens came about: they are taken apart again in the end.
        Dictionary<int, int>? leftLengths = null;
        for (int i = 1; i < symbols.Count; i++)
        {
            Propose(text, symbols, i - 1, i, candidates, ref leftLengths);
        }

        while (candidates.TryDequeue(out (int Left, int Right, int Length) pair, out _))
        {
            Symbol left = symbols[pair.Left];
            Symbol right = symbols[pair.Right];
            if (left.Length == 0 || right.Length == 0 || left.Length + right.Length != pair.Length)
            {
                continue;
            }

            symbols[pair.Left] = left with { Length = pair.Length, Next = right.Next };
            symbols[pair.Right] = right with { Length = 0 };
            if (right.Next >= 0)
            {
                symbols[right.Next] = symbols[right.Next] with { Previous = pair.Left };
                Propose(text, symbols, pair.Left, right.Next, candidates, ref leftLengths);
            }

            if (left.Previous >= 0)
            {
                Propose(text, symbols, left.Previous, pair.Left, candidates, ref leftLengths);
            }
        }

        for (int i = 0; i >= 0; i = symbols[i].Next)
        {
            AddSegments(text.Slice(symbols[i].Start, symbols[i].Length), leftLengths, segments);
        }
    }

    private List<Symbol> Symbols(ReadOnlySpan<byte> text)
    {
        var symbols = new List<Symbol>(text.Length);
        for (int at = 0; at < text.Length;)
        {
            int defined = table.Symbols.LongestPrefix(text[at..]);
            int length = defined > 0 ? defined : SentencePieceTable.CharacterLength(text[at..]);
            int next = at + length < text.Length ? symbols.Count + 1 : -1;
            symbols.Add(new Symbol(at, length, symbols.Count - 1, next, IsFrozen: defined > 0));
            at += length;
        }

        return symbols;
    }

    private void Propose(
        ReadOnlySpan<byte> text, List<Symbol> symbols, int left, int right, PriorityQueue<(int Left, int Right, int Length), (float Score, int Left)> candidates, ref Dictionary<int, int>? leftLengths)
    {
        Symbol first = symbols[left];
        Symbol second = symbols[right];
        int length = first.Length + second.Length;
        if (first.IsFrozen || second.IsFrozen || table.Texts.Find(text.Slice(first.Start, length)) is not (var id and >= 0))
        {
            return;
        }

        candidates.Enqueue((left, right, length), (table.Pieces[id].Score, left));
        if (table.Pieces[id].Kind == SentencePieceKind.Unused)
        {
            (leftLengths ??= [])[id] = first.Length;
        }
    }

    private void AddSegments(ReadOnlySpan<byte> whole, Dictionary<int, int>? leftLengths, List<SentencePieceSegment> segments)
    {
        var rest = new Stack<int>([whole.Length]);
        int start = 0;
        while (rest.TryPop(out int length))
        {
            int id = table.IdOf(whole.Slice(start, length));
            if (table.Pieces[id].Kind == SentencePieceKind.Unused && leftLengths is not null && leftLengths.TryGetValue(id, out int left))
            {
                rest.Push(length - left);
                rest.Push(left);
            }
            else
            {
                segments.Add(new SentencePieceSegment(length, id));
                start += length;
            }
        }
    }

    private readonly record struct Symbol(int Start, int Length, int Previous, int Next, bool IsFrozen);
}
