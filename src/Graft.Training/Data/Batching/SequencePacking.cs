namespace Graft.Training.Data;

/// <summary>A stretch of a sample.</summary>
/// <param name="Sample">Index of the sample.</param>
/// <param name="Start">Its first token.</param>
/// <param name="Length">Number of tokens.</param>
public readonly record struct PackedPiece(int Sample, int Start, int Length);

/// <summary>
/// Groups samples into packs of at most <c>max_length</c> tokens, by the strategies of TRL's <c>packing_strategy</c>. A pack is a list of
/// sequences in a ragged batch; attention never crosses from one into the next.
/// </summary>
public static class SequencePacking
{
    /// <summary><c>bfd</c>: samples are cut to <paramref name="maxLength"/> and packed by best fit, longest first.</summary>
    /// <param name="lengths">Length of every sample.</param>
    /// <param name="maxLength">The most tokens in a pack.</param>
    public static IReadOnlyList<IReadOnlyList<PackedPiece>> BestFitDecreasing(IReadOnlyList<int> lengths, int maxLength)
    {
        ArgumentNullException.ThrowIfNull(lengths);
        ArgumentOutOfRangeException.ThrowIfLessThan(maxLength, 1);
        return BestFit(lengths.Select((length, i) => new PackedPiece(i, 0, Math.Min(length, maxLength))), maxLength);
    }

    /// <summary><c>bfd_split</c>: samples longer than <paramref name="maxLength"/> are cut into pieces, and the pieces packed by best fit.</summary>
    /// <param name="lengths">Length of every sample.</param>
    /// <param name="maxLength">The most tokens in a pack.</param>
    public static IReadOnlyList<IReadOnlyList<PackedPiece>> BestFitDecreasingSplit(IReadOnlyList<int> lengths, int maxLength)
    {
        ArgumentNullException.ThrowIfNull(lengths);
        ArgumentOutOfRangeException.ThrowIfLessThan(maxLength, 1);
        return BestFit(Enumerable.Range(0, lengths.Count).SelectMany(i => Split(i, lengths[i], maxLength)), maxLength);
    }

    /// <summary>
    /// <c>wrapped</c>: samples one after the other, cut wherever a pack is full. TRL trains on the pack as if it were one text; here its
    /// pieces stay sequences of their own.
    /// </summary>
    /// <param name="lengths">Length of every sample.</param>
    /// <param name="maxLength">Tokens in every pack but the last.</param>
    public static IReadOnlyList<IReadOnlyList<PackedPiece>> Wrapped(IReadOnlyList<int> lengths, int maxLength)
    {
        ArgumentNullException.ThrowIfNull(lengths);
        ArgumentOutOfRangeException.ThrowIfLessThan(maxLength, 1);
        var packs = new List<List<PackedPiece>>();
        int room = 0;
        for (int i = 0; i < lengths.Count; i++)
        {
            for (int start = 0; start < lengths[i];)
            {
                if (room == 0)
                {
                    packs.Add([]);
                    room = maxLength;
                }

                int length = Math.Min(room, lengths[i] - start);
                packs[^1].Add(new PackedPiece(i, start, length));
                start += length;
                room -= length;
            }
        }

        return packs;
    }

    /// <summary>The pieces of a pack as samples.</summary>
    public static IReadOnlyList<TokenizedSample> Sequences(IReadOnlyList<TokenizedSample> samples, IReadOnlyList<PackedPiece> pack)
    {
        ArgumentNullException.ThrowIfNull(samples);
        ArgumentNullException.ThrowIfNull(pack);
        return [.. pack.Select(piece => samples[piece.Sample].Slice(piece.Start, piece.Length))];
    }

    private static IEnumerable<PackedPiece> Split(int sample, int length, int maxLength)
    {
        for (int start = 0; start < length; start += maxLength)
        {
            yield return new PackedPiece(sample, start, Math.Min(maxLength, length - start));
        }
    }

    /// <summary>Longest piece first, each into the pack with the least room that suffices; of equal ones, that which has had this room longest.</summary>
    private static List<List<PackedPiece>> BestFit(IEnumerable<PackedPiece> pieces, int maxLength)
    {
        var packs = new List<List<PackedPiece>>();
        var rooms = new SortedSet<int>();
        var packsByRoom = new Dictionary<int, Queue<int>>();
        foreach (PackedPiece piece in pieces.Where(piece => piece.Length > 0).OrderByDescending(piece => piece.Length))
        {
            int pack = packs.Count;
            int room = maxLength;
            if (rooms.Count > 0 && rooms.Max >= piece.Length)
            {
                room = rooms.GetViewBetween(piece.Length, maxLength).Min;
                pack = packsByRoom[room].Dequeue();
                if (packsByRoom[room].Count == 0)
                {
                    rooms.Remove(room);
                }
            }
            else
            {
                packs.Add([]);
            }

            packs[pack].Add(piece);
            room -= piece.Length;
            if (room > 0)
            {
                if (!packsByRoom.TryGetValue(room, out Queue<int>? waiting))
                {
                    packsByRoom.Add(room, waiting = new Queue<int>());
                }

                waiting.Enqueue(pack);
                rooms.Add(room);
            }
        }

        return packs;
    }
}
