namespace Graft.Text;

/// <summary>How short encodings are filled up.</summary>
/// <param name="PadId">Id of the token that fills.</param>
/// <param name="Length">Fixed length, or null for the longest of the batch.</param>
/// <param name="PadToMultipleOf">Rounds the length up to a multiple, or null.</param>
/// <param name="PadTypeId">Type id of the filling.</param>
/// <param name="Direction">At which end it is added.</param>
public sealed record Padding(int PadId, int? Length = null, int? PadToMultipleOf = null, int PadTypeId = 0, TokenDirection Direction = TokenDirection.Right)
{
    /// <summary>The encodings, filled up to one length; longer ones stay as they are.</summary>
    public Encoding[] Apply(IReadOnlyList<Encoding> batch)
    {
        ArgumentNullException.ThrowIfNull(batch);
        int length = Length ?? batch.Select(encoding => encoding.Length).DefaultIfEmpty().Max();
        if (PadToMultipleOf is { } multiple and > 0 && length % multiple > 0)
        {
            length += multiple - (length % multiple);
        }

        return batch.Select(encoding => Fill(encoding, length)).ToArray();
    }

    private Encoding Fill(Encoding encoding, int length)
    {
        int missing = Math.Max(0, length - encoding.Length);
        Encoding[] overflowing = encoding.Overflowing.Select(window => Fill(window, length)).ToArray();
        return new Encoding(
            Fill(encoding.Ids, missing, PadId),
            Fill(encoding.Offsets, missing, (0, 0)),
            Fill(encoding.TypeIds, missing, PadTypeId),
            Fill(encoding.SpecialTokensMask, missing, 1),
            Fill(encoding.AttentionMask, missing, 0),
            overflowing: overflowing);
    }

    private T[] Fill<T>(T[] values, int missing, T value)
    {
        var filled = new T[values.Length + missing];
        Array.Fill(filled, value);
        values.CopyTo(filled, Direction == TokenDirection.Right ? 0 : missing);
        return filled;
    }
}
