using Graft.Tensors.Kernels;
using Graft.Tensors.Threading;

namespace Graft.Tensors.Tests;

/// <summary>4-bit codes decoded in registers give the bits of products with their decoded values.</summary>
public sealed unsafe class FourBitRowProductTests : IDisposable
{
    private readonly int _workers = WorkerPool.Shared.WorkerCount;

    public void Dispose() => WorkerPool.Resize(_workers);

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void Products_have_the_bits_of_decoded_values(int workers)
    {
        WorkerPool.Resize(workers);
        foreach ((FourBitType type, int blockSize, bool nested, DType values, DType compute) in new[]
        {
            (FourBitType.NF4, 64, false, DType.Float32, DType.Float32), (FourBitType.NF4, 32, true, DType.BFloat16, DType.Float32),
            (FourBitType.FP4, 128, true, DType.Float16, DType.BFloat16), (FourBitType.FP4, 64, false, DType.BFloat16, DType.Float16),
        })
        {
            foreach ((int m, int rows, int columns) in new[] { (1, 1, 128), (1, 7, 384), (2, 40, 640), (2, 401, 256), (3, 5, 128) })
            {
                foreach (bool accumulate in new[] { false, true })
                {
                    Parameter stored = StoredParameter.Create(TestData.Uniform(rows * columns, (ulong)rows), rows, columns, values);
                    FourBitMatrix quantised = FourBitQuantizer.Quantize(stored.View, type, blockSize, nested);
                    var matrix = new FourBitMatrix(rows, columns, type, blockSize, values, quantised.Packed, quantised.Scales, quantised) { ComputeDType = compute };
                    Assert.Equal(m < 3 && InstructionSet.Best >= Isa.Avx2, FourBitRowProduct.Suits(m, matrix));
                    float[] a = TestData.Uniform(m * columns, 8);
                    Parameter decoded = TestData.Parameter("w", new Parameter("w", [rows, columns], matrix).ToArray(), rows, columns);
                    Assert.Equal(Product(m, a, decoded.View, accumulate), Product(m, a, new WeightView(matrix), accumulate));
                    if (rows > 5)
                    {
                        Assert.Equal(Product(m, a, decoded.View.RowRange(2, 4), accumulate), Product(m, a, new WeightView(matrix).RowRange(2, 4), accumulate));
                    }
                }
            }
        }
    }

    private static float[] Product(int m, float[] a, in WeightView b, bool accumulate)
    {
        float[] c = TestData.Uniform(m * b.Rows, 5);
        fixed (float* left = a, result = c)
        {
            Gemm.MultiplyTransposedSmall(m, left, b.Columns, b, result, b.Rows, accumulate);
        }

        return c;
    }
}
