namespace Graft.Text.PostProcessors;

/// <summary>Puts special tokens around a text and around each of its overflowing windows.</summary>
internal static class SpecialTokenFrame
{
    /// <summary>The encoding between <paramref name="before"/> and <paramref name="after"/>, all special tokens with one type id.</summary>
    internal static Encoding Around(Encoding encoding, int[] before, int[] after, int typeId)
        => Encoding.OfSpecial(before, typeId).Append(encoding).Append(Encoding.OfSpecial(after, typeId));
}
