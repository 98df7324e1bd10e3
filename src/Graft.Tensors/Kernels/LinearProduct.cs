namespace Graft.Tensors.Kernels;

/// <summary>The products of linear layers, of adapters' factors and of the head, in the precision of the tape: the one place where it decides.</summary>
/// <remarks>
/// In bf16 both operands are rounded to nearest even and the products summed in fp32. Kernels for that are not to be had everywhere; the
/// fp32 kernels on rounded operands give what <see cref="ComputePrecision.BFloat16"/> promises on any processor.
/// </remarks>
internal static unsafe class LinearProduct
{
    // Rounded rows stay in the second-level cache.
    private const int RowsAtOnce = 256;

    /// <summary>Rounds an operand in place, so that products take it as it is: what is large and belongs to the op.</summary>
    /// <param name="tape">Says in which precision.</param>
    /// <param name="x">The operand.</param>
    /// <param name="count">Number of elements.</param>
    public static void RoundOperand(Tape tape, float* x, long count)
    {
        if (tape.Precision == ComputePrecision.BFloat16)
        {
            Round(x, x, count);
        }
    }

    /// <summary><c>y (+)= x Wᵀ</c>, or <c>x W</c> for a weight stored [in, out].</summary>
    /// <param name="tape">Says in which precision, and lends memory.</param>
    /// <param name="layout">How the weight is stored.</param>
    /// <param name="rows">Rows of x and y.</param>
    /// <param name="x">[rows, in].</param>
    /// <param name="columns">in.</param>
    /// <param name="weight">The weight, any storage.</param>
    /// <param name="y">[rows, out].</param>
    /// <param name="outColumns">out.</param>
    /// <param name="accumulate">Add to y instead of overwriting it.</param>
    /// <param name="isRounded">Whether <see cref="RoundOperand"/> has been called for x.</param>
    public static void Multiply(
        Tape tape, LinearLayout layout, int rows, float* x, int columns, Parameter weight, float* y, int outColumns, bool accumulate, bool isRounded = false)
    {
        bool isSingle = tape.Precision == ComputePrecision.Float32;
        WeightView rounded = isSingle ? weight.View : weight.RoundedView;
        if (isSingle || isRounded)
        {
            Multiply(layout, rows, x, columns, rounded, y, outColumns, accumulate);
            return;
        }

        using var part = new StepArenaRange(tape, (long)Math.Min(rows, RowsAtOnce) * columns);
        for (int first = 0; first < rows; first += RowsAtOnce)
        {
            int count = Math.Min(RowsAtOnce, rows - first);
            Round(x + ((long)first * columns), part.Data, (long)count * columns);
            Multiply(layout, count, part.Data, columns, rounded, y + ((long)first * outColumns), outColumns, accumulate);
        }
    }

    /// <summary><c>y (+)= x W</c>, or <c>x Wᵀ</c> for a weight stored [in, out]: the way back to the layer's input.</summary>
    public static void MultiplyBack(
        Tape tape, LinearLayout layout, int rows, float* x, int columns, Parameter weight, float* y, int outColumns, bool accumulate, bool isRounded = false)
        => Multiply(tape, layout == LinearLayout.OutIn ? LinearLayout.InOut : LinearLayout.OutIn, rows, x, columns, weight, y, outColumns, accumulate, isRounded);

    /// <summary><c>C[m,n] += A[tokens,m]ᵀ B[tokens,n]</c>: the gradient of a weight, summed in fp32.</summary>
    /// <param name="tape">Says in which precision, and lends memory.</param>
    /// <param name="m">Columns of A.</param>
    /// <param name="n">Columns of B.</param>
    /// <param name="a">A, one row a token.</param>
    /// <param name="b">B, one row a token.</param>
    /// <param name="c">C.</param>
    /// <param name="sequenceOffsets">Start of each sequence and the end of the last.</param>
    /// <param name="isRounded">Whether <see cref="RoundOperand"/> has been called for A.</param>
    public static void AccumulateGradient(Tape tape, int m, int n, float* a, float* b, float* c, ReadOnlySpan<int> sequenceOffsets, bool isRounded = false)
    {
        if (tape.Precision == ComputePrecision.Float32)
        {
            Gemm.AccumulateTransposed(m, n, a, m, b, n, c, n, sequenceOffsets);
            return;
        }

        int rows = sequenceOffsets[^1];
        using var right = new StepArenaRange(tape, (long)rows * n);
        Round(b, right.Data, (long)rows * n);
        if (isRounded)
        {
            Gemm.AccumulateTransposed(m, n, a, m, right.Data, n, c, n, sequenceOffsets);
            return;
        }

        using var left = new StepArenaRange(tape, (long)rows * m);
        Round(a, left.Data, (long)rows * m);
        Gemm.AccumulateTransposed(m, n, left.Data, m, right.Data, n, c, n, sequenceOffsets);
    }

    private static void Multiply(LinearLayout layout, int rows, float* x, int columns, in WeightView weight, float* y, int outColumns, bool accumulate)
    {
        if (layout == LinearLayout.OutIn)
        {
            Gemm.MultiplyTransposed(rows, x, columns, weight, y, outColumns, accumulate);
        }
        else
        {
            Gemm.Multiply(rows, x, columns, weight, y, outColumns, accumulate);
        }
    }

    private static void Round(float* source, float* destination, long count)
    {
        OpProfile.Count(0, 2.0 * sizeof(float) * count);
        RoundedTo.Apply(source, destination, count, DType.BFloat16);
    }
}
