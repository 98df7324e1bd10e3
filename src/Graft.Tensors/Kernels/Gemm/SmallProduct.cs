using System.Runtime.CompilerServices;

namespace Graft.Tensors.Kernels;

/// <summary>A product with a few rows of A, bound by how fast B arrives: <c>C[m,n] (+)= A[m,k] · B</c>, B as [n, k] or [k, n].</summary>
internal unsafe struct SmallProduct
{
    /// <summary>Rows of A and C.</summary>
    public int M;

    /// <summary>A, fp32.</summary>
    public float* A;

    /// <summary>Elements from one row of A to the next.</summary>
    public long Lda;

    /// <summary>B.</summary>
    public WeightView B;

    /// <summary>C, fp32.</summary>
    public float* C;

    /// <summary>Elements from one row of C to the next.</summary>
    public long Ldc;

    /// <summary>Add to C instead of overwriting it.</summary>
    public bool Accumulate;

    /// <summary>Columns of C.</summary>
    public int Columns;

    /// <summary>Columns of C that are not split among workers.</summary>
    public int Unit;

    /// <summary>Computes the columns from the first number up to the second.</summary>
    public delegate*<in SmallProduct, int, int, void> Compute;

    /// <summary>Columns in units that are not split.</summary>
    public readonly long Units => (Columns + Unit - 1) / Unit;

    /// <summary>Stores an element of C, or adds to it.</summary>
    /// <param name="row">Row of C.</param>
    /// <param name="column">Column of C.</param>
    /// <param name="value">The product.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly void Put(int row, int column, float value)
    {
        float* c = C + (row * Ldc) + column;
        *c = Accumulate ? *c + value : value;
    }
}
