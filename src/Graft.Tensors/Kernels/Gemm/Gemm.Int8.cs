namespace Graft.Tensors.Kernels;

/// <content>LLM.int8()'s product of codes.</content>
public static unsafe partial class Gemm
{
    /// <summary><c>C[m,n] = (sum over k of A[m,k] · B[n,k]) · rowScale · columnScale / 127²</c>, plus a bias: exact sums of 8-bit codes, scaled as bitsandbytes does.</summary>
    /// <param name="m">Rows of A and C.</param>
    /// <param name="a">Codes of the activations, [m, k] row by row; see <see cref="Int8Quantizer"/>.</param>
    /// <param name="rowScales">The largest magnitude of each of their rows.</param>
    /// <param name="b">The weight, n rows and k columns; k may not exceed 131,072, so that sums fit 32 bits.</param>
    /// <param name="bias">[n], or null.</param>
    /// <param name="c">Receives the result, [m, n] row by row.</param>
    public static void MultiplyTransposedInt8(int m, sbyte* a, float* rowScales, Int8Matrix b, float* bias, float* c)
    {
        if (m > 0 && b.Rows > 0)
        {
            Int8Product.Run(a, rowScales, m, b, bias, c);
        }
    }
}
