using Graft.Tensors.Kernels;

namespace Graft.Tensors;

/// <summary>A frozen matrix in a format whose elements are not stored one by one: codes and what scales them.</summary>
/// <remarks>Kernels read it through a <see cref="WeightView"/>, some elements of a row at a time; it is never decoded as a whole (design D2).</remarks>
public abstract unsafe class QuantizedMatrix
{
    private protected QuantizedMatrix(int rows, int columns)
    {
        Rows = rows;
        Columns = columns;
    }

    /// <summary>Number of rows.</summary>
    public int Rows { get; }

    /// <summary>Number of columns.</summary>
    public int Columns { get; }

    /// <summary>The format's name, such as <c>nf4</c>, <c>int8</c> or <c>Q4_K</c>.</summary>
    public abstract string Format { get; }

    /// <summary>What torch takes the codes for: <see cref="DType.Int8"/> or <see cref="DType.UInt8"/>.</summary>
    public abstract DType CodeDType { get; }

    /// <summary>Bytes that codes and scales take.</summary>
    public abstract long ByteLength { get; }

    /// <summary>About where an element is stored, for prefetching; it need not exist.</summary>
    internal abstract byte* Address(long row, int column);

    /// <summary>Consecutive elements of one row.</summary>
    /// <param name="vectors">Whether to use AVX2; the bits are the same.</param>
    /// <param name="row">Row.</param>
    /// <param name="column">First column.</param>
    /// <param name="count">How many.</param>
    /// <param name="destination">Where to write them.</param>
    internal abstract void Decode(bool vectors, long row, int column, int count, float* destination);

    /// <summary>The product with few rows that multiplies the format's integers as such, or null where it decodes; see <see cref="Gemm.MultiplyTransposedSmall"/>.</summary>
    internal virtual delegate*<in SmallProduct, int, int, void> IntegerProduct => null;

    /// <summary>A few columns of consecutive rows.</summary>
    /// <param name="vectors">Whether to use AVX2; the bits are the same.</param>
    /// <param name="row">First row.</param>
    /// <param name="rows">Rows.</param>
    /// <param name="column">First column.</param>
    /// <param name="count">Columns.</param>
    /// <param name="destination">Where to write them.</param>
    /// <param name="step">Elements from one row to the next in <paramref name="destination"/>.</param>
    internal virtual void DecodeRows(bool vectors, long row, int rows, int column, int count, float* destination, nint step)
    {
        for (; rows > 0; rows--, row++, destination += step)
        {
            Decode(vectors, row, column, count, destination);
        }
    }
}
