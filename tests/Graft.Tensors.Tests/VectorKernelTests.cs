using Graft.Tensors.Kernels;

namespace Graft.Tensors.Tests;

public unsafe class VectorKernelTests
{
    // Up to beyond two parts, so that lengths with and without remainder, inline and shared out, occur.
    public static TheoryData<int> Lengths => [0, 1, 7, 8, 16, 33, 16 * 1024, (16 * 1024) + 1, 40_007];

    [Theory]
    [MemberData(nameof(Lengths))]
    public void Arithmetic_is_that_of_plain_loops(int count)
    {
        float[] a = TestData.Uniform(count, 1);
        float[] b = TestData.Uniform(count, 2);
        float[] c = TestData.Uniform(count, 3);
        Check(c, a, b, (y, p, q) => VectorKernels.Sum(p, q, y, count), (_, p, q) => p + q);
        Check(c, a, b, (y, p, _) => VectorKernels.Add(y, p, count), (y, p, _) => y + p);
        Check(c, a, b, (y, p, _) => VectorKernels.Multiply(y, p, count), (y, p, _) => y * p);
        Check(c, a, b, (y, p, q) => VectorKernels.MultiplyAdd(y, p, q, count), (y, p, q) => MathF.FusedMultiplyAdd(p, q, y));
        Check(c, a, b, (y, _, _) => VectorKernels.Scale(y, 0.7f, count), (y, _, _) => y * 0.7f);
    }

    [Theory]
    [InlineData(5, 3)]
    [InlineData(3, 700)]
    [InlineData(200, 300)]
    public void A_bias_is_added_to_every_row_and_summed_back_by_sequences(int rows, int columns)
    {
        float[] y = TestData.Uniform(rows * columns, 1);
        float[] bias = TestData.Uniform(columns, 2);
        float[] result = [.. y];
        fixed (float* data = result, vector = bias)
        {
            BiasKernels.AddRow(data, rows, columns, new WeightView(vector, 1, columns), 0.5f);
        }

        for (int i = 0; i < result.Length; i++)
        {
            Assert.Equal(y[i] + (bias[i % columns] * 0.5f), result[i]);
        }

        int[] offsets = [0, 2, 2, rows];
        float[] gradient = TestData.Uniform(columns, 4);
        float[] expected = [.. gradient];
        for (int s = 0; s + 1 < offsets.Length; s++)
        {
            for (int j = 0; j < columns; j++)
            {
                float sum = 0;
                for (int row = offsets[s]; row < offsets[s + 1]; row++)
                {
                    sum += y[(row * columns) + j];
                }

                expected[j] += sum * 2;
            }
        }

        fixed (float* data = y, target = gradient)
        {
            BiasKernels.AccumulateColumnSums(data, columns, offsets, target, 2);
        }

        Assert.Equal(expected, gradient);
    }

    private delegate void Kernel(float* y, float* a, float* b);

    private static void Check(float[] start, float[] a, float[] b, Kernel kernel, Func<float, float, float, float> expected)
    {
        float[] y = [.. start, 99];
        fixed (float* py = y, pa = a, pb = b)
        {
            kernel(py, pa, pb);
        }

        for (int i = 0; i < start.Length; i++)
        {
            Assert.Equal(expected(start[i], a[i], b[i]), y[i]);
        }

        Assert.Equal(99, y[^1]);
    }
}
