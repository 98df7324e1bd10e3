namespace Graft.Tensors.Kernels;

/// <summary>The rows that a product multiplies with a weight: those of a tensor or of its gradient, which other products may read too, or any others.</summary>
internal readonly unsafe struct RowOperand
{
    private RowOperand(float* data, int rows, int columns, Tensor? owner, bool isGradient)
    {
        Data = data;
        Rows = rows;
        Columns = columns;
        Owner = owner;
        IsGradient = isGradient;
    }

    /// <summary>First element, to be read only; rows follow each other without gaps.</summary>
    public float* Data { get; }

    /// <summary>Number of rows.</summary>
    public int Rows { get; }

    /// <summary>Number of columns.</summary>
    public int Columns { get; }

    /// <summary>The tensor, or null for rows that nobody else multiplies.</summary>
    public Tensor? Owner { get; }

    /// <summary>Whether they are the gradient of <see cref="Owner"/>.</summary>
    public bool IsGradient { get; }

    /// <summary>Changes whenever anybody may have written to the rows of <see cref="Owner"/>.</summary>
    public long Version => Owner is null ? 0 : IsGradient ? Owner.GradientVersion : Owner.DataVersion;

    /// <summary>The rows of a tensor.</summary>
    public static RowOperand Of(Tensor tensor) => new(tensor.ReadOnlyData, tensor.Rows, tensor.Columns, tensor, isGradient: false);

    /// <summary>The gradient that has arrived at a tensor.</summary>
    public static RowOperand OfGradient(Tensor tensor) => new(tensor.ReadOnlyGradient, tensor.Rows, tensor.Columns, tensor, isGradient: true);

    /// <summary>Rows that are multiplied once.</summary>
    public static RowOperand Of(float* data, int rows, int columns) => new(data, rows, columns, owner: null, isGradient: false);
}
