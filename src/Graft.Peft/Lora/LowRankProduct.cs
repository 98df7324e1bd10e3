using Graft.Tensors;
using Graft.Tensors.Kernels;

namespace Graft.Peft;

/// <summary>The product s B A, for merging: formed a few rows at a time, never as a whole.</summary>
internal static unsafe class LowRankProduct
{
    private const int FloatsAtOnce = 1 << 20;

    /// <summary>Adds s B A to a weight.</summary>
    /// <param name="weight">[out, in] or [in, out], writable.</param>
    /// <param name="layout">Which of the two.</param>
    /// <param name="a">[r, in].</param>
    /// <param name="b">[out, r].</param>
    /// <param name="scaling">s.</param>
    /// <param name="module">Path of the module, for errors.</param>
    public static void AddTo(Parameter weight, LinearLayout layout, Parameter a, Parameter b, float scaling, string module)
    {
        float[] left = layout == LinearLayout.OutIn ? b.ToArray() : Transpose(a.ToArray(), a.Shape[0], a.Shape[1]);
        int rank = a.Shape[0];
        (int rows, int columns) = (weight.Shape[0], weight.Shape[1]);
        int rowsAtOnce = Math.Clamp(FloatsAtOnce / Math.Max(1, columns), 1, rows);
        float[] delta = new float[rowsAtOnce * columns];
        fixed (float* leftStart = left, deltaStart = delta)
        {
            for (int row = 0; row < rows; row += rowsAtOnce)
            {
                int count = Math.Min(rowsAtOnce, rows - row);
                float* part = leftStart + ((long)row * rank);
                if (layout == LinearLayout.OutIn)
                {
                    Gemm.Multiply(count, part, rank, a.View, deltaStart, columns, accumulate: false);
                }
                else
                {
                    Gemm.MultiplyTransposed(count, part, rank, b.View, deltaStart, columns, accumulate: false);
                }

                Span<float> product = delta.AsSpan(0, count * columns);
                foreach (ref float value in product)
                {
                    value *= scaling;
                }

                MergedWeights.Add(weight, (long)row * columns, product, module);
            }
        }
    }

    /// <summary>The transpose of a row-major matrix.</summary>
    public static float[] Transpose(float[] matrix, int rows, int columns)
    {
        float[] result = new float[matrix.Length];
        for (int i = 0; i < rows; i++)
        {
            for (int j = 0; j < columns; j++)
            {
                result[(j * rows) + i] = matrix[(i * columns) + j];
            }
        }

        return result;
    }
}
