namespace Graft.Text;

/// <summary>The tokens of a text (or a pair of texts). All arrays have the same length.</summary>
public sealed class Encoding
{
    internal Encoding(
        int[] ids, (int Start, int End)[] offsets, int[] typeIds, int[] specialTokensMask, int[] attentionMask, string?[]? written = null, IReadOnlyList<Encoding>? overflowing = null)
    {
        WrittenForms = written;
        Ids = ids;
        Offsets = offsets;
        TypeIds = typeIds;
        SpecialTokensMask = specialTokensMask;
        AttentionMask = attentionMask;
        Overflowing = overflowing ?? [];
    }

    /// <summary>Token ids.</summary>
    public int[] Ids { get; }

    /// <summary>For each token the code points of the text that it covers, start inclusive, end exclusive; (0, 0) for special tokens that the post-processor or padding added. In a pair they restart in the second text.</summary>
    public (int Start, int End)[] Offsets { get; }

    /// <summary>Segment of each token: 0 for the first text, 1 for the second, unless the post-processor says otherwise.</summary>
    public int[] TypeIds { get; }

    /// <summary>1 for tokens that the post-processor or padding added, else 0. Special tokens written in the text count as text.</summary>
    public int[] SpecialTokensMask { get; }

    /// <summary>0 for padding, else 1.</summary>
    public int[] AttentionMask { get; }

    /// <summary>The other windows of a text that was truncated; empty otherwise.</summary>
    public IReadOnlyList<Encoding> Overflowing { get; }

    /// <summary>Number of tokens.</summary>
    public int Length => Ids.Length;

    /// <summary>How added tokens are written in the text, with the white space that they swallowed; null for other tokens, or if there are no added ones.</summary>
    internal string?[]? WrittenForms { get; }

    /// <summary>An encoding of text tokens.</summary>
    internal static Encoding OfText(int[] ids, (int Start, int End)[] offsets, int typeId, string?[]? written)
        => new(ids, offsets, Filled(ids.Length, typeId), new int[ids.Length], Filled(ids.Length, 1), written);

    /// <summary>An encoding of added special tokens.</summary>
    internal static Encoding OfSpecial(int[] ids, int typeId)
        => new(ids, new (int, int)[ids.Length], Filled(ids.Length, typeId), Filled(ids.Length, 1), Filled(ids.Length, 1));

    /// <summary>The same tokens with one type id; windows that overflowed keep theirs.</summary>
    internal Encoding WithTypeId(int typeId) => new(Ids, Offsets, Filled(Length, typeId), SpecialTokensMask, AttentionMask, WrittenForms, Overflowing);

    /// <summary>The same tokens and windows with one type id.</summary>
    internal Encoding WithTypeIdThroughout(int typeId)
        => WithTypeId(typeId).WithOverflowing(Overflowing.Select(window => window.WithTypeIdThroughout(typeId)).ToArray());

    /// <summary>The same tokens with offsets passed through <paramref name="change"/>, overflowing windows likewise.</summary>
    internal Encoding WithOffsets(Func<Encoding, (int Start, int End)[]> change)
        => new(Ids, change(this), TypeIds, SpecialTokensMask, AttentionMask, WrittenForms, Overflowing.Select(window => window.WithOffsets(change)).ToArray());

    /// <summary>Tokens <paramref name="start"/> to <paramref name="end"/>, without overflow.</summary>
    internal Encoding Slice(int start, int end)
        => new(Ids[start..end], Offsets[start..end], TypeIds[start..end], SpecialTokensMask[start..end], AttentionMask[start..end], WrittenForms?[start..end]);

    /// <summary>The same tokens with other overflowing windows.</summary>
    internal Encoding WithOverflowing(IReadOnlyList<Encoding> overflowing) => new(Ids, Offsets, TypeIds, SpecialTokensMask, AttentionMask, WrittenForms, overflowing);

    /// <summary>
    /// One after the other. Overflowing windows combine: every window of this with the other and its windows, then this with the
    /// other's windows.
    /// </summary>
    internal Encoding Append(Encoding other)
    {
        var overflowing = new List<Encoding>();
        foreach (Encoding window in Overflowing)
        {
            overflowing.Add(window.Join(other));
            overflowing.AddRange(other.Overflowing.Select(window.Join));
        }

        overflowing.AddRange(other.Overflowing.Select(Join));
        return Join(other).WithOverflowing(overflowing);
    }

    private Encoding Join(Encoding other) => new(
        [.. Ids, .. other.Ids],
        [.. Offsets, .. other.Offsets],
        [.. TypeIds, .. other.TypeIds],
        [.. SpecialTokensMask, .. other.SpecialTokensMask],
        [.. AttentionMask, .. other.AttentionMask],
        WrittenForms is null && other.WrittenForms is null ? null : [.. WrittenForms ?? new string?[Length], .. other.WrittenForms ?? new string?[other.Length]]);

    private static int[] Filled(int length, int value)
    {
        var array = new int[length];
        Array.Fill(array, value);
        return array;
    }
}
