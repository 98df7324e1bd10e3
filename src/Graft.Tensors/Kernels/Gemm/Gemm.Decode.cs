namespace Graft.Tensors.Kernels;

/// <content>Products with a few rows of A, as in decoding one token a sequence: bound by memory, so B is read once and never packed.</content>
public static unsafe partial class Gemm
{
    /// <summary>Rows of A up to which columns of B are read where they are; with more it pays to pack them.</summary>
    private const int MostUnpackedRows = 2;

    /// <summary>Columns that stay together where columns of B are read: some cache lines of each row.</summary>
    private const int ColumnUnit = 64;

    /// <summary><c>C[m,n] (+)= A[m,k] · B[n,k]ᵀ</c> for few rows of A, 8 or less.</summary>
    /// <remarks>
    /// The order of summation is not that of <see cref="MultiplyTransposed"/>: term p goes to partial sum p mod 16 (from zero, by
    /// fused multiply-adds in ascending order); of the 16 the upper half is added to the lower, and again, down to one, which is
    /// stored or added to C. Blocks of integers (Q4_0, Q4_K and the like) multiply as such with A rounded to 16 bits; see
    /// <see cref="IntegerRowProduct{TLayout}"/>. Results are the same for every m, thread count and instruction set.
    /// </remarks>
    /// <param name="m">Rows of A and C; any number is right, few are fast.</param>
    /// <param name="a">A, fp32.</param>
    /// <param name="lda">Elements from one row of A to the next.</param>
    /// <param name="b">B with n rows and k columns.</param>
    /// <param name="c">C, fp32; must not overlap A or B.</param>
    /// <param name="ldc">Elements from one row of C to the next.</param>
    /// <param name="accumulate">Add to C instead of overwriting it.</param>
    /// <exception cref="NotSupportedException">B is stored in a format that kernels do not read.</exception>
    public static void MultiplyTransposedSmall(int m, float* a, long lda, in WeightView b, float* c, long ldc, bool accumulate)
    {
        if (m <= 0 || b.Rows == 0 || b.Columns == 0)
        {
            MultiplyTransposed(m, a, lda, b, c, ldc, accumulate);
            return;
        }

        var job = default(SmallProductJob);
        job.Add(SmallTransposed(m, a, lda, b, c, ldc, accumulate));
        job.Run();
    }

    /// <summary><c>C[m,n] (+)= A[m,k] · B[k,n]</c> for few rows of A, 8 or less: the same bits as <see cref="Multiply"/>.</summary>
    /// <param name="m">Rows of A and C; any number is right, few are fast.</param>
    /// <param name="a">A, fp32.</param>
    /// <param name="lda">Elements from one row of A to the next.</param>
    /// <param name="b">B with k rows and n columns.</param>
    /// <param name="c">C, fp32; must not overlap A or B.</param>
    /// <param name="ldc">Elements from one row of C to the next.</param>
    /// <param name="accumulate">Add to C instead of overwriting it.</param>
    /// <exception cref="NotSupportedException">B is stored in a format that kernels do not read.</exception>
    public static void MultiplySmall(int m, float* a, long lda, in WeightView b, float* c, long ldc, bool accumulate)
    {
        if (b.Quantized is not null || m > MostUnpackedRows || m <= 0 || b.Rows == 0 || b.Columns == 0)
        {
            Multiply(m, a, lda, b, c, ldc, accumulate);
            return;
        }

        Count(m, b.Columns, b.Rows, b);
        var product = new SmallProduct { M = m, A = a, Lda = lda, B = b, C = c, Ldc = ldc, Accumulate = accumulate, Columns = b.Columns, Unit = ColumnUnit };
        product.Compute = b.DType switch
        {
            DType.Float32 => ColumnsOf<SingleSource>(),
            DType.BFloat16 => ColumnsOf<HalfWidthSource<BFloat16Format>>(),
            DType.Float16 => ColumnsOf<HalfWidthSource<Float16Format>>(),
            _ => throw WeightDecoder.Unsupported(b),
        };
        var job = default(SmallProductJob);
        job.Add(product);
        job.Run();
    }

    /// <summary>What <see cref="MultiplyTransposedSmall"/> runs; nothing is empty.</summary>
    internal static SmallProduct SmallTransposed(int m, float* a, long lda, in WeightView b, float* c, long ldc, bool accumulate)
    {
        Count(m, b.Rows, b.Columns, b);
        var product = new SmallProduct { M = m, A = a, Lda = lda, B = b, C = c, Ldc = ldc, Accumulate = accumulate, Columns = b.Rows, Unit = 1 };
        if (b.Quantized is { } matrix)
        {
            product.Compute = QuantizedRows(m, matrix);
            return product;
        }

        product.Compute = b.DType switch
        {
            DType.Float32 => RowsOf<SingleSource>(m, b.Rows),
            DType.BFloat16 => RowsOf<HalfWidthSource<BFloat16Format>>(m, b.Rows),
            DType.Float16 => RowsOf<HalfWidthSource<Float16Format>>(m, b.Rows),
            _ => throw WeightDecoder.Unsupported(b),
        };
        return product;
    }

    /// <summary>The product with rows of B, by the inner loops of one instruction set.</summary>
    internal static delegate*<in SmallProduct, int, int, void> RowsFor<TKernel, TSource>(int m, int n)
        where TKernel : struct, ISmallKernel
        where TSource : struct, IVectorSource
        => BatchRowProduct<TKernel, TSource>.Suits(m, n) ? &BatchRowProduct<TKernel, TSource>.Compute : &SmallRowProduct<TKernel, TSource>.Compute;

    private static delegate*<in SmallProduct, int, int, void> RowsOf<TSource>(int m, int n)
        where TSource : struct, IVectorSource
        => InstructionSet.Current switch
        {
            Isa.Avx512 => RowsFor<SmallKernelAvx512, TSource>(m, n),
            Isa.Avx2 => RowsFor<SmallKernelAvx2, TSource>(m, n),
            Isa.Vector128 => RowsFor<SmallKernelVector128, TSource>(m, n),
            _ => RowsFor<SmallKernelScalar, TSource>(m, n),
        };

    private static delegate*<in SmallProduct, int, int, void> QuantizedRows(int m, QuantizedMatrix matrix) => InstructionSet.Current switch
    {
        _ when matrix.IntegerProduct != null => matrix.IntegerProduct,
        _ when matrix is FourBitMatrix codes && FourBitRowProduct.Suits(m, codes) => &FourBitRowProduct.Compute,
        Isa.Avx512 => &QuantizedRowProduct<SmallKernelAvx512>.Compute,
        Isa.Avx2 => &QuantizedRowProduct<SmallKernelAvx2>.Compute,
        Isa.Vector128 => &QuantizedRowProduct<SmallKernelVector128>.Compute,
        _ => &QuantizedRowProduct<SmallKernelScalar>.Compute,
    };

    private static delegate*<in SmallProduct, int, int, void> ColumnsOf<TSource>()
        where TSource : struct, IVectorSource
        => InstructionSet.Current switch
        {
            Isa.Avx512 => &SmallColumnProduct<SmallKernelAvx512, TSource>.Compute,
            Isa.Avx2 => &SmallColumnProduct<SmallKernelAvx2, TSource>.Compute,
            Isa.Vector128 => &SmallColumnProduct<SmallKernelVector128, TSource>.Compute,
            _ => &SmallColumnProduct<SmallKernelScalar, TSource>.Compute,
        };
}
