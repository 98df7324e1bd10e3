using Graft.Tensors.Kernels;
using Graft.Tensors.Threading;

namespace Graft.Tensors.Tests;

/// <summary>Products with quantised matrices have the bits of products with their decoded values; but see <see cref="IntegerRowProductTests"/>.</summary>
public sealed unsafe class QuantizedGemmTests : IDisposable
{
    private readonly int _workers = WorkerPool.Shared.WorkerCount;

    public static TheoryData<Isa, string> Formats
    {
        get
        {
            var data = new TheoryData<Isa, string>();
            foreach (Isa isa in Enum.GetValues<Isa>().Where(isa => isa <= InstructionSet.Best))
            {
                foreach (string format in QuantizedSamples.Formats)
                {
                    data.Add(isa, format);
                }
            }

            return data;
        }
    }

    public void Dispose()
    {
        InstructionSet.Current = InstructionSet.Best;
        WorkerPool.Resize(_workers);
    }

    [Theory]
    [MemberData(nameof(Formats))]
    public void Products_have_the_bits_of_decoded_values(Isa isa, string format)
    {
        InstructionSet.Current = isa;
        int unit = QuantizedSamples.ColumnUnit(format);
        foreach ((int m, int rows, int units) in new[] { (1, 5, 1), (3, 40, 2), (20, 33, 3), (7, 70, 1), (5, 3, 2) })
        {
            Check(m, QuantizedSamples.Create(format, rows, units * unit, seed: m), $"{isa} {format} {m}x{rows}x{units * unit}");
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(8)]
    public void Threads_change_nothing(int workers)
    {
        WorkerPool.Resize(workers);
        foreach (string format in QuantizedSamples.Formats)
        {
            Check(33, QuantizedSamples.Create(format, 70, 256, seed: 1), $"{workers} workers, {format}");
        }
    }

    [Theory]
    [MemberData(nameof(Formats))]
    public void Rows_of_a_view_are_those_of_the_matrix(Isa isa, string format)
    {
        InstructionSet.Current = isa;
        QuantizedMatrix matrix = QuantizedSamples.Create(format, 9, 256, seed: 2);
        float[] all = new Parameter("w", [9, 256], matrix).ToArray();
        WeightView part = new WeightView(matrix).RowRange(2, 6).RowRange(1, 4);
        float[] decoded = new float[4 * 256];
        fixed (float* destination = decoded)
        {
            WeightDecoder.Decode(part, 0, decoded.Length, destination);
        }

        Assert.Equal(all.AsSpan(3 * 256, 4 * 256).ToArray(), decoded);
        Assert.Equal(all[(5 * 256) + 77], WeightDecoder.Read(part, (2 * 256) + 77));
    }

    [Fact]
    public void An_embedding_looks_up_decoded_rows()
    {
        foreach (string format in QuantizedSamples.Formats)
        {
            var table = new Parameter("e", [9, 256], QuantizedSamples.Create(format, 9, 256, seed: 3));
            using var tape = new Tape { Mode = TapeMode.Inference };
            Tensor y = Op.Embedding(tape, table, [8, 0, 8], TestData.Layout(3));
            float[] rows = table.ToArray();
            Assert.Equal([.. rows[(8 * 256)..], .. rows[..256], .. rows[(8 * 256)..]], y.Span.ToArray());
        }
    }

    [Fact]
    public void A_frozen_quantised_weight_passes_the_gradient_on()
    {
        foreach (string format in QuantizedSamples.Formats)
        {
            var weight = new Parameter("w", [5, 256], QuantizedSamples.Create(format, 5, 256, seed: 4));
            double[] frozen = [.. weight.ToArray().Select(w => (double)w)];
            FiniteDifference.Check(
                TestData.Layout(2, 1), [TestData.Uniform(3 * 256, 3)], [],
                (tape, x) => Op.QuantizedLinear(tape, x[0], weight, null, training: true),
                v => [.. Enumerable.Range(0, 15).Select(i => Enumerable.Range(0, 256).Sum(k => v[0][(i / 5 * 256) + k] * frozen[(i % 5 * 256) + k]))]);
        }
    }

    private static void Check(int m, QuantizedMatrix matrix, string what)
    {
        (int rows, int columns) = (matrix.Rows, matrix.Columns);
        Parameter decoded = TestData.Parameter("w", new Parameter("w", [rows, columns], matrix).ToArray(), rows, columns);
        var view = new WeightView(matrix);
        float[] x = TestData.Uniform(m * columns, 8), dy = TestData.Uniform(m * rows, 9);
        Assert.True(Product(true, m, x, columns, decoded.View, rows).AsSpan().SequenceEqual(Product(true, m, x, columns, view, rows)), $"{what}, transposed");
        Assert.True(Product(false, m, dy, rows, decoded.View, columns).AsSpan().SequenceEqual(Product(false, m, dy, rows, view, columns)), $"{what}, plain");
        if (matrix.IntegerProduct == null)
        {
            Assert.True(Small(true, m, x, columns, decoded.View, rows).AsSpan().SequenceEqual(Small(true, m, x, columns, view, rows)), $"{what}, transposed, few rows");
        }

        Assert.True(Small(false, m, dy, rows, decoded.View, columns).AsSpan().SequenceEqual(Small(false, m, dy, rows, view, columns)), $"{what}, plain, few rows");
    }

    private static float[] Product(bool transposed, int m, float[] a, int lda, in WeightView b, int n)
    {
        float[] c = TestData.Uniform(m * n, 10);
        fixed (float* left = a, result = c)
        {
            if (transposed)
            {
                Gemm.MultiplyTransposed(m, left, lda, b, result, n, accumulate: true);
            }
            else
            {
                Gemm.Multiply(m, left, lda, b, result, n, accumulate: true);
            }
        }

        return c;
    }

    private static float[] Small(bool transposed, int m, float[] a, int lda, in WeightView b, int n)
    {
        float[] c = TestData.Uniform(m * n, 10);
        fixed (float* left = a, result = c)
        {
            if (transposed)
            {
                Gemm.MultiplyTransposedSmall(m, left, lda, b, result, n, accumulate: true);
            }
            else
            {
                Gemm.MultiplySmall(m, left, lda, b, result, n, accumulate: true);
            }
        }

        return c;
    }
}
