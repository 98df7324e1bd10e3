using Graft.Tensors.Kernels;

namespace Graft.Tensors;

/// <summary>What is added to the scaled score of a query and a key, in each head, by how far they are apart: T5's relative positions.</summary>
/// <remarks>One number for each head and distance, never one for each pair of tokens. Made by <see cref="Op.RelativeBias"/>.</remarks>
public readonly struct RelativeBias
{
    /// <summary>Columns on both sides that vectors of queries may touch and no query uses.</summary>
    internal const int Padding = QueryPanel.MaxQueries;

    internal RelativeBias(Tensor values, int before, int after)
    {
        Values = values;
        Before = before;
        After = after;
    }

    /// <summary>Whether there is a bias.</summary>
    public bool Exists => Values is not null;

    /// <summary>How far before a query a key may be.</summary>
    public int Before { get; }

    /// <summary>How far after a query a key may be.</summary>
    public int After { get; }

    /// <summary>[heads, distances]: a row is a head, its columns are query minus key, ascending from -<see cref="After"/>, with padding around.</summary>
    public Tensor Values { get; }

    /// <summary>Column of distance 0.</summary>
    internal int Center => After + Padding;

    /// <summary>Distance 0 of a head, in the values or in a gradient of the same layout.</summary>
    internal unsafe float* At(float* values, int head) => values + ((long)head * Values.Columns) + Center;

    /// <summary>Refuses a bias that does not reach as far as the sequences do.</summary>
    /// <param name="heads">Number of query heads.</param>
    /// <param name="before">How far a key may be before a query.</param>
    /// <param name="after">How far a key may be after a query.</param>
    internal void Validate(int heads, int before, int after)
    {
        if (Values.Rows != heads)
        {
            throw new ArgumentException($"attention: the relative bias has {Values.Rows} heads, the attention {heads}");
        }

        if (before > Before || after > After)
        {
            throw new ArgumentException($"attention: keys are up to {before} tokens before and {after} after a query, the relative bias reaches {Before} and {After}");
        }
    }
}
