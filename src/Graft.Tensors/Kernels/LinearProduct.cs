namespace Graft.Tensors.Kernels;

/// <summary>The products of linear layers, of adapters' factors and of the head, in the precision of the tape: the one place where it decides.</summary>
/// <remarks>
/// In bf16 both operands are rounded to nearest even and the products summed in fp32: see <see cref="Gemm.MultiplyTransposedBFloat16"/>, whose
/// bits do not depend on the processor.
/// </remarks>
internal static unsafe class LinearProduct
{
    /// <summary><c>y (+)= x Wᵀ</c>, or <c>x W</c> for a weight stored [in, out].</summary>
    /// <param name="tape">Says in which precision, and keeps rows of tensors packed for the products that follow.</param>
    /// <param name="layout">How the weight is stored.</param>
    /// <param name="x">[rows, in].</param>
    /// <param name="weight">The weight, any storage.</param>
    /// <param name="y">[rows, out].</param>
    /// <param name="accumulate">Add to y instead of overwriting it.</param>
    public static void Multiply(Tape tape, LinearLayout layout, in RowOperand x, Parameter weight, float* y, bool accumulate)
    {
        WeightView view = weight.View;
        bool transposed = layout == LinearLayout.OutIn;
        int outColumns = transposed ? view.Rows : view.Columns;
        switch (tape.Precision, transposed)
        {
            case (ComputePrecision.BFloat16, _) when x.Owner is not null && tape.PackedOperands.TryGet(x, out BFloat16Operand packed):
                Gemm.MultiplyBFloat16(packed, view, transposed, y, outColumns, accumulate);
                break;
            case (ComputePrecision.BFloat16, true):
                Gemm.MultiplyTransposedBFloat16(x.Rows, x.Data, x.Columns, view, y, outColumns, accumulate);
                break;
            case (ComputePrecision.BFloat16, false):
                Gemm.MultiplyBFloat16(x.Rows, x.Data, x.Columns, view, y, outColumns, accumulate);
                break;
            case (_, true):
                Gemm.MultiplyTransposed(x.Rows, x.Data, x.Columns, view, y, outColumns, accumulate);
                break;
            default:
                Gemm.Multiply(x.Rows, x.Data, x.Columns, view, y, outColumns, accumulate);
                break;
        }
    }

    /// <summary><c>y (+)= x W</c>, or <c>x Wᵀ</c> for a weight stored [in, out]: the way back to the layer's input.</summary>
    public static void MultiplyBack(Tape tape, LinearLayout layout, in RowOperand x, Parameter weight, float* y, bool accumulate)
        => Multiply(tape, layout == LinearLayout.OutIn ? LinearLayout.InOut : LinearLayout.OutIn, x, weight, y, accumulate);

    /// <summary><c>C[m,n] += A[tokens,m]ᵀ B[tokens,n]</c>: the gradient of a weight.</summary>
    /// <param name="tape">Says in which precision.</param>
    /// <param name="m">Columns of A.</param>
    /// <param name="n">Columns of B.</param>
    /// <param name="a">A, one row a token.</param>
    /// <param name="b">B, one row a token.</param>
    /// <param name="c">C.</param>
    /// <param name="sequenceOffsets">Start of each sequence and the end of the last.</param>
    public static void AccumulateGradient(Tape tape, int m, int n, float* a, float* b, float* c, ReadOnlySpan<int> sequenceOffsets)
    {
        if (tape.Precision == ComputePrecision.BFloat16)
        {
            Gemm.AccumulateTransposedBFloat16(m, n, a, m, b, n, c, n, sequenceOffsets);
        }
        else
        {
            Gemm.AccumulateTransposed(m, n, a, m, b, n, c, n, sequenceOffsets);
        }
    }
}
