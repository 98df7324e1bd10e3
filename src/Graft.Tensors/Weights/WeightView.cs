namespace Graft.Tensors;

/// <summary>A matrix as it is stored: row-major, in the format it was loaded in. Kernels decode it while they pack.</summary>
/// <param name="Data">First element; of a quantised matrix its codes.</param>
/// <param name="DType">fp32, bf16 or fp16; of a quantised matrix the type of its codes.</param>
/// <param name="Rows">Number of rows.</param>
/// <param name="Columns">Number of columns.</param>
public readonly unsafe record struct WeightView(nint Data, DType DType, int Rows, int Columns)
{
    /// <summary>A plain fp32 matrix.</summary>
    /// <param name="data">First element.</param>
    /// <param name="rows">Number of rows.</param>
    /// <param name="columns">Number of columns; rows follow each other without gaps.</param>
    public WeightView(float* data, int rows, int columns)
        : this((nint)data, DType.Float32, rows, columns)
    {
    }

    /// <summary>A quantised matrix.</summary>
    /// <param name="matrix">The matrix.</param>
    public WeightView(QuantizedMatrix matrix)
        : this((nint)matrix.Address(0, 0), matrix.CodeDType, matrix.Rows, matrix.Columns)
        => Quantized = matrix;

    /// <summary>The quantised matrix whose rows these are, or null.</summary>
    public QuantizedMatrix? Quantized { get; }

    /// <summary>Which row of <see cref="Quantized"/> is the first.</summary>
    public int FirstRow { get; init; }

    /// <summary>The rows from <paramref name="first"/> on.</summary>
    /// <param name="first">Index of the first row.</param>
    /// <param name="count">Number of rows.</param>
    public WeightView RowRange(int first, int count)
        => Quantized is null
            ? this with { Data = Data + (nint)((long)first * Columns * DType.SizeInBytes()), Rows = count }
            : this with { FirstRow = FirstRow + first, Rows = count };
}
