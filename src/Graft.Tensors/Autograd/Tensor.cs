namespace Graft.Tensors;

/// <summary>A token-major fp32 matrix that lives for one step: one row a token, in the order of its <see cref="SequenceLayout"/>.</summary>
/// <remarks>
/// A handle over memory of the tape's arena. Nobody disposes of one: the tape frees the memory when no backward pass needs it any
/// more, and reuses the handle after <see cref="Tape.Reset"/>.
/// </remarks>
public sealed unsafe class Tensor
{
    internal Tensor()
    {
    }

    /// <summary>First element, or null when the memory has been freed.</summary>
    public float* Data { get; internal set; }

    /// <summary>Number of rows.</summary>
    public int Rows { get; internal set; }

    /// <summary>Number of columns; rows follow each other without gaps.</summary>
    public int Columns { get; internal set; }

    /// <summary>The sequences that the rows belong to.</summary>
    public SequenceLayout Sequences { get; internal set; } = null!;

    /// <summary>Whether a trainable parameter lies behind it.</summary>
    public bool RequiresGrad { get; internal set; }

    /// <summary>Number of elements.</summary>
    public long Count => (long)Rows * Columns;

    /// <summary>All elements, row by row.</summary>
    public Span<float> Span => new(Data, checked((int)Count));

    /// <summary>The elements as bf16 while <see cref="Data"/> is null, until a backward pass needs them; null otherwise.</summary>
    internal ushort* Packed { get; set; }

    /// <summary>Whether it is kept as it is whatever the tape's precision: statistics of a norm or a softmax.</summary>
    internal bool IsExact { get; set; }

    /// <summary>Gradient of the loss, or null while nothing has contributed to it.</summary>
    internal float* Gradient { get; set; }

    /// <summary>How many recorded nodes still need <see cref="Data"/> for their backward pass.</summary>
    internal int SavedBy { get; set; }

    /// <summary>Index of the node that made it, or -1.</summary>
    internal int Producer { get; set; }

    /// <summary>One row.</summary>
    /// <param name="index">Index of the row.</param>
    public Span<float> Row(int index)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)index, (uint)Rows);
        return new Span<float>(Data + ((long)index * Columns), Columns);
    }
}
