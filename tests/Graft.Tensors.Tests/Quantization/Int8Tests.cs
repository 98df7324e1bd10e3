using Graft.Tensors.Kernels;
using Graft.Tensors.Threading;

namespace Graft.Tensors.Tests;

/// <summary>LLM.int8(): codes, integer products, outlier columns and the gradient.</summary>
public sealed unsafe class Int8Tests : IDisposable
{
    private readonly int _workers = WorkerPool.Shared.WorkerCount;

    public static TheoryData<Isa> InstructionSets => GemmTests.InstructionSets;

    public void Dispose()
    {
        InstructionSet.Current = InstructionSet.Best;
        WorkerPool.Resize(_workers);
    }

    [Theory]
    [MemberData(nameof(InstructionSets))]
    public void Weights_pass_through_fp16_and_round_to_even(Isa isa)
    {
        InstructionSet.Current = isa;
        foreach (int columns in new[] { 1, 15, 32, 33, 100 })
        {
            foreach (DType dtype in new[] { DType.Float32, DType.BFloat16, DType.Float16 })
            {
                float[] values = TestData.Uniform(5 * columns, (ulong)columns, 2);
                new Span<float>(values, columns, columns).Clear();
                Parameter stored = StoredParameter.Create(values, 5, columns, dtype);
                Int8Matrix matrix = Int8Quantizer.Quantize(stored.View);
                float[] halves = [.. stored.ToArray().Select(value => (float)(Half)value)];
                for (int row = 0; row < 5; row++)
                {
                    float[] part = halves[(row * columns)..((row + 1) * columns)];
                    float scale = part.Max(MathF.Abs);
                    Assert.Equal(scale, matrix.Scales[row]);
                    for (int column = 0; column < columns; column++)
                    {
                        int expected = scale == 0 ? 0 : (int)MathF.Round(part[column] * (1 / scale * 127), MidpointRounding.ToEven);
                        Assert.Equal(expected, matrix.Codes[(row * columns) + column]);
                        float value = WeightDecoder.Read(new WeightView(matrix), (row * columns) + column);
                        Assert.Equal(expected * (scale * (1f / 127)), value);
                    }
                }
            }
        }
    }

    [Theory]
    [InlineData(float.NaN, "NaN")]
    [InlineData(70000f, "fp16 cannot hold")]
    public void Weights_that_fp16_cannot_hold_are_refused_by_place(float value, string message)
    {
        float[] values = new float[30 * 50];
        values[(21 * 50) + 7] = value;
        Parameter stored = TestData.Parameter("w", values, 30, 50);
        InvalidDataException e = Assert.Throws<InvalidDataException>(() => Int8Quantizer.Quantize(stored.View));
        Assert.Contains("row 21, column 7", e.Message, StringComparison.Ordinal);
        Assert.Contains(message, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Elements_of_the_threshold_are_outliers_and_their_columns_are_cleared()
    {
        float[] x = [1, 6, -2, 0.5f, 3, 5.999f, -7, 0.25f];
        sbyte[] codes = new sbyte[8];
        float[] scales = new float[2];
        fixed (float* values = x, scale = scales)
        fixed (sbyte* code = codes)
        {
            Assert.Equal([1, 2], Int8Quantizer.Quantize(values, 2, 4, 6, code, scale));
        }

        // In fp16 5.999 is 6 and an outlier itself; the other elements of an outlier column count for the row's maximum.
        Assert.Equal([2, 3], scales);
        Assert.Equal([64, 0, 0, 32, 127, 0, 0, 11], codes);
    }

    [Theory]
    [MemberData(nameof(InstructionSets))]
    public void Products_are_exact_sums(Isa isa)
    {
        InstructionSet.Current = isa;
        var random = new Random(7);
        foreach ((int m, int n, int k) in new[] { (1, 1, 1), (3, 5, 7), (4, 16, 32), (5, 17, 33), (9, 40, 600), (13, 50, 515), (40, 33, 1026), (2, 70, 64), (70, 2, 64) })
        {
            Product(m, n, k, random);
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(8)]
    public void Threads_change_no_product(int workers)
    {
        WorkerPool.Resize(workers);
        Product(60, 130, 300, new Random(8));
    }

    [Fact]
    public void Outside_training_outlier_columns_are_exact_and_each_sequence_has_its_own()
    {
        Int8Matrix matrix = Int8Quantizer.Quantize(TestData.Parameter("w", TestData.Uniform(40 * 64, 3), 40, 64).View);
        var weight = new Parameter("w", [40, 64], matrix);
        Parameter bias = TestData.Parameter("b", TestData.Uniform(40, 4), 40);
        float[] x = TestData.Uniform(5 * 64, 5);
        (x[10], x[(4 * 64) + 20]) = (30, -25);
        using var tape = new Tape { Mode = TapeMode.Inference };
        float[] together = Op.QuantizedLinear(tape, TestData.Leaf(tape, TestData.Layout(2, 3), x), weight, bias, training: false).Span.ToArray();
        float[] first = Op.QuantizedLinear(tape, TestData.Leaf(tape, TestData.Layout(2), x.AsSpan(0, 128)), weight, bias, training: false).Span.ToArray();
        float[] second = Op.QuantizedLinear(tape, TestData.Leaf(tape, TestData.Layout(3), x.AsSpan(128)), weight, bias, training: false).Span.ToArray();
        Assert.Equal(together, first.Concat(second));

        float[] exact = Op.QuantizedLinear(tape, TestData.Leaf(tape, TestData.Layout(2, 3), x), weight, bias, training: true).Span.ToArray();
        Assert.NotEqual(exact, together);
        for (int i = 0; i < exact.Length; i++)
        {
            Assert.InRange(together[i], exact[i] - 0.08f, exact[i] + 0.08f);
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void The_gradient_is_that_of_decoded_weights_in_both_modes(bool training)
    {
        Int8Matrix matrix = Int8Quantizer.Quantize(TestData.Parameter("w", TestData.Uniform(5 * 9, 3), 5, 9).View);
        var weight = new Parameter("w", [5, 9], matrix);
        float[] decoded = weight.ToArray();
        Parameter bias = TestData.Parameter("b", TestData.Uniform(5, 4), 5);
        using var buffer = new ParameterBuffer([bias]);
        using var tape = new Tape { Mode = TapeMode.Recording };
        Tensor x = TestData.Leaf(tape, TestData.Layout(2, 4), TestData.Uniform(6 * 9, 5));
        Tensor y = Op.QuantizedLinear(tape, x, weight, bias, training);
        float[] dy = TestData.Uniform(6 * 5, 6);
        TestData.Seed(tape, y, dy);
        tape.Backward();
        float[] dx = TestData.Gradient(x);
        for (int row = 0; row < 6; row++)
        {
            for (int column = 0; column < 9; column++)
            {
                double expected = Enumerable.Range(0, 5).Sum(j => (double)dy[(row * 5) + j] * decoded[(j * 9) + column]);
                Assert.Equal(expected, dx[(row * 9) + column], 5);
            }
        }

        float[] db = TestData.Gradient(bias);
        for (int j = 0; j < 5; j++)
        {
            Assert.Equal(Enumerable.Range(0, 6).Sum(row => (double)dy[(row * 5) + j]), db[j], 5);
        }
    }

    private static void Product(int m, int n, int k, Random random)
    {
        sbyte[] a = [.. Enumerable.Range(0, m * k).Select(_ => (sbyte)random.Next(-127, 128))];
        sbyte[] b = [.. Enumerable.Range(0, n * k).Select(_ => (sbyte)random.Next(-127, 128))];
        float[] rowScales = TestData.Uniform(m, 1), columnScales = TestData.Uniform(n, 2), bias = TestData.Uniform(n, 3);
        float[] c = new float[m * n];
        fixed (sbyte* aCodes = a, bCodes = b)
        fixed (float* aScales = rowScales, bScales = columnScales, addend = bias, result = c)
        {
            Int8Product.Run(aCodes, aScales, m, new Int8Matrix(n, k, bCodes, bScales, null), addend, result);
        }

        for (int i = 0; i < m; i++)
        {
            for (int j = 0; j < n; j++)
            {
                int sum = Enumerable.Range(0, k).Sum(p => a[(i * k) + p] * b[(j * k) + p]);
                float expected = (sum * (rowScales[i] * columnScales[j]) * 6.200124e-05f) + bias[j];
                Assert.True(expected == c[(i * n) + j], $"{m}x{n}x{k} [{i},{j}]: expected {expected:R}, got {c[(i * n) + j]:R}");
            }
        }
    }
}
