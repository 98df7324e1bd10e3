namespace Graft.Tensors;

/// <summary>A token-major fp32 matrix that lives for one step: one row a token, in the order of its <see cref="SequenceLayout"/>.</summary>
/// <remarks>
/// A handle over memory of the tape's arena. Nobody disposes of one: the tape frees the memory when no backward pass needs it any
/// more, and reuses the handle after <see cref="Tape.Reset"/>.
/// </remarks>
public sealed unsafe class Tensor
{
    private float* _data;
    private float* _gradient;

    internal Tensor()
    {
    }

    /// <summary>First element, or null when the memory has been freed. Whoever asks for it may write: copies of the elements are not used again.</summary>
    public float* Data
    {
        get
        {
            DataVersion++;
            return _data;
        }

        internal set
        {
            DataVersion++;
            _data = value;
        }
    }

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

    /// <summary><see cref="Data"/> for those who only read.</summary>
    internal float* ReadOnlyData => _data;

    /// <summary>Grows whenever somebody has been handed the elements to write, or they have moved or been freed; never falls, not even when the handle is used again.</summary>
    internal long DataVersion { get; private set; }

    /// <summary>Gradient of the loss, or null while nothing has contributed to it. Whoever asks for it may write.</summary>
    internal float* Gradient
    {
        get
        {
            GradientVersion++;
            return _gradient;
        }

        set
        {
            GradientVersion++;
            _gradient = value;
        }
    }

    /// <summary><see cref="Gradient"/> for those who only read.</summary>
    internal float* ReadOnlyGradient => _gradient;

    /// <summary>As <see cref="DataVersion"/>, for the gradient.</summary>
    internal long GradientVersion { get; private set; }

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
