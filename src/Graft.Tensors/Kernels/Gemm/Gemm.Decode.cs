namespace Graft.Tensors.Kernels;

/// <content>Products with a few rows of A, as in decoding one token a sequence: bound by memory, so B is read once and never packed.</content>
public static unsafe partial class Gemm
{
    /// <summary>Rows of A up to which columns of B are read where they are; with more it pays to pack them.</summary>
    private const int MostUnpackedRows = 2;

    /// <summary><c>C[m,n] (+)= A[m,k] · B[n,k]ᵀ</c> for few rows of A, 8 or less.</summary>
    /// <remarks>
    /// The order of summation is not that of <see cref="MultiplyTransposed"/>: term p goes to partial sum p mod 16 (from zero, by
    /// fused multiply-adds in ascending order); of the 16 the upper half is added to the lower, and again, down to one, which is
    /// stored or added to C. It is the same for every m, thread count and instruction set.
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
        if (b.Quantized is not null)
        {
            SmallQuantized(m, a, lda, b, c, ldc, accumulate);
            return;
        }

        switch (b.DType)
        {
            case DType.Float32: SmallDispatch<SingleSource>(m, a, lda, b, bTransposed: true, c, ldc, accumulate); break;
            case DType.BFloat16: SmallDispatch<HalfWidthSource<BFloat16Format>>(m, a, lda, b, bTransposed: true, c, ldc, accumulate); break;
            case DType.Float16: SmallDispatch<HalfWidthSource<Float16Format>>(m, a, lda, b, bTransposed: true, c, ldc, accumulate); break;
            default: throw WeightDecoder.Unsupported(b);
        }
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
        if (b.Quantized is not null || m > MostUnpackedRows)
        {
            Multiply(m, a, lda, b, c, ldc, accumulate);
            return;
        }

        switch (b.DType)
        {
            case DType.Float32: SmallDispatch<SingleSource>(m, a, lda, b, bTransposed: false, c, ldc, accumulate); break;
            case DType.BFloat16: SmallDispatch<HalfWidthSource<BFloat16Format>>(m, a, lda, b, bTransposed: false, c, ldc, accumulate); break;
            case DType.Float16: SmallDispatch<HalfWidthSource<Float16Format>>(m, a, lda, b, bTransposed: false, c, ldc, accumulate); break;
            default: throw WeightDecoder.Unsupported(b);
        }
    }

    private static void SmallQuantized(int m, float* a, long lda, in WeightView b, float* c, long ldc, bool accumulate)
    {
        if (m <= 0 || b.Rows == 0 || b.Columns == 0)
        {
            MultiplyTransposed(m, a, lda, b, c, ldc, accumulate);
            return;
        }

        if (InstructionSet.Current >= Isa.Avx2 && b.Quantized!.TryMultiplySmall(m, a, lda, b.FirstRow, b.Rows, c, ldc, accumulate))
        {
            return;
        }

        switch (InstructionSet.Current)
        {
            case Isa.Avx512: new QuantizedRowProduct<SmallKernelAvx512> { M = m, A = a, Lda = lda, B = b, C = c, Ldc = ldc, Accumulate = accumulate }.Run(); break;
            case Isa.Avx2: new QuantizedRowProduct<SmallKernelAvx2> { M = m, A = a, Lda = lda, B = b, C = c, Ldc = ldc, Accumulate = accumulate }.Run(); break;
            case Isa.Vector128: new QuantizedRowProduct<SmallKernelVector128> { M = m, A = a, Lda = lda, B = b, C = c, Ldc = ldc, Accumulate = accumulate }.Run(); break;
            default: new QuantizedRowProduct<SmallKernelScalar> { M = m, A = a, Lda = lda, B = b, C = c, Ldc = ldc, Accumulate = accumulate }.Run(); break;
        }
    }

    private static void SmallDispatch<TSource>(int m, float* a, long lda, in WeightView b, bool bTransposed, float* c, long ldc, bool accumulate)
        where TSource : struct, IVectorSource
    {
        if (m <= 0 || b.Rows == 0 || b.Columns == 0)
        {
            Dispatch(m, bTransposed ? b.Rows : b.Columns, bTransposed ? b.Columns : b.Rows, a, lda, b, bTransposed, c, ldc, accumulate);
            return;
        }

        Count(m, b.Rows, b.Columns, b);
        switch (InstructionSet.Current)
        {
            case Isa.Avx512: SmallRun<SmallKernelAvx512, TSource>(m, a, lda, b, bTransposed, c, ldc, accumulate); break;
            case Isa.Avx2: SmallRun<SmallKernelAvx2, TSource>(m, a, lda, b, bTransposed, c, ldc, accumulate); break;
            case Isa.Vector128: SmallRun<SmallKernelVector128, TSource>(m, a, lda, b, bTransposed, c, ldc, accumulate); break;
            default: SmallRun<SmallKernelScalar, TSource>(m, a, lda, b, bTransposed, c, ldc, accumulate); break;
        }
    }

    private static void SmallRun<TKernel, TSource>(int m, float* a, long lda, in WeightView b, bool bTransposed, float* c, long ldc, bool accumulate)
        where TKernel : struct, ISmallKernel
        where TSource : struct, IVectorSource
    {
        if (bTransposed)
        {
            SmallRows<TKernel, TSource>(m, a, lda, b, c, ldc, accumulate);
        }
        else
        {
            new SmallColumnProduct<TKernel, TSource> { M = m, A = a, Lda = lda, B = b, C = c, Ldc = ldc, Accumulate = accumulate }.Run();
        }
    }

    /// <summary><see cref="MultiplyTransposedSmall"/> with the inner loops of one instruction set; nothing is empty.</summary>
    internal static void SmallRows<TKernel, TSource>(int m, float* a, long lda, in WeightView b, float* c, long ldc, bool accumulate)
        where TKernel : struct, ISmallKernel
        where TSource : struct, IVectorSource
    {
        if (BatchRowProduct<TKernel, TSource>.Suits(m, b.Rows))
        {
            new BatchRowProduct<TKernel, TSource> { M = m, A = a, Lda = lda, B = b, C = c, Ldc = ldc, Accumulate = accumulate }.Run();
        }
        else
        {
            new SmallRowProduct<TKernel, TSource> { M = m, A = a, Lda = lda, B = b, C = c, Ldc = ldc, Accumulate = accumulate }.Run();
        }
    }
}
