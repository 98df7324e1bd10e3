namespace Graft.Tensors;

/// <summary>Where the heads lie among the columns of a token-major matrix.</summary>
/// <remarks>
/// BLOOM's fused projection, columns [head][q|k|v][dim] with head size d: q is (0, 3d), k is (d, 3d), v is (2d, 3d).
/// Falcon's newer one, [group][n q heads, k, v], needs two strides: q is (0, d) with <see cref="HeadsPerGroup"/> = n and <see cref="GroupStride"/> = (n + 2) d.
/// </remarks>
/// <param name="Offset">Column of head 0.</param>
/// <param name="Stride">Columns from one head to the next, within a group where there are groups.</param>
public readonly record struct HeadLayout(int Offset, int Stride)
{
    /// <summary>Number of heads that lie <see cref="Stride"/> apart before the next group begins; 0 when there are no groups.</summary>
    public int HeadsPerGroup { get; init; }

    /// <summary>Columns from the first head of a group to the first of the next.</summary>
    public int GroupStride { get; init; }

    /// <summary>First column of a head.</summary>
    /// <param name="head">Index of the head.</param>
    public int Column(int head)
        => HeadsPerGroup == 0
            ? Offset + (head * Stride)
            : Offset + (head / HeadsPerGroup * GroupStride) + (head % HeadsPerGroup * Stride);

    /// <summary>Refuses a layout that reaches beyond a matrix.</summary>
    internal void Validate(string what, Tensor tensor, int heads, int width)
    {
        for (int head = 0; head < heads; head++)
        {
            int column = Column(head);
            if (column < 0 || column + width > tensor.Columns)
            {
                throw new ArgumentException($"{what}: head {head} takes columns {column} to {column + width - 1} of a matrix that has {tensor.Columns}");
            }
        }
    }
}
