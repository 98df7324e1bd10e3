using Graft.Tensors.Kernels;
using Graft.Tensors.Threading;

namespace Graft.Tensors.Tests;

/// <summary>Products of a few rows with blocks of integers: exactly as defined on every instruction set, and close to the product with decoded weights.</summary>
public sealed unsafe class IntegerRowProductTests : IDisposable
{
    private static readonly (string Format, Reference Reference, int Bits)[] Formats =
    [
        ("Q4_0", Defined<Q4_0>, 23), ("Q4_1", Defined<Q4_1>, 23), ("Q4_1 in another order", Defined<Q4_1>, 23), ("Q5_0", Defined<Q5_0>, 22), ("Q5_1", Defined<Q5_1>, 22),
        ("Q8_0", Defined<Q8_0>, 20), ("Q4_K", Defined<Q4_K>, 23), ("Q5_K", Defined<Q5_K>, 22), ("Q6_K", Defined<Q6_K>, 22),
    ];

    private readonly int _workers = WorkerPool.Shared.WorkerCount;

    /// <summary>The definition: one element of C.</summary>
    private delegate float Reference(byte* row, ReadOnlySpan<float> a);

    public static TheoryData<Isa, string> Cases
    {
        get
        {
            var data = new TheoryData<Isa, string>();
            foreach (Isa isa in Enum.GetValues<Isa>().Where(isa => isa <= InstructionSet.Best))
            {
                foreach ((string format, _, _) in Formats)
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

    [Fact]
    public void All_formats_with_integer_codes_are_covered()
        => Assert.Equal(
            BlockFormat.All.Where(format => format.IntegerProduct != null).Select(format => format.Name).Order(StringComparer.Ordinal),
            Formats.Select(entry => entry.Format.Split(' ')[0]).Distinct().Order(StringComparer.Ordinal));

    [Theory]
    [MemberData(nameof(Cases))]
    public void Products_are_the_defined_ones(Isa isa, string format)
    {
        InstructionSet.Current = isa;
        Reference reference = Formats.Single(entry => entry.Format == format).Reference;
        int unit = QuantizedSamples.ColumnUnit(format);
        foreach ((int m, int rows, int units) in new[] { (1, 5, 1), (1, 21, 18), (2, 9, 2), (3, 19, 7), (4, 11, 8), (5, 3, 11), (9, 8, 13), (17, 2, 4) })
        {
            BlockMatrix matrix = Matrix(format, rows, units * unit, seed: m + units);
            float[] a = TestData.Uniform(m * matrix.Columns, (ulong)(m + units));
            foreach (bool accumulate in new[] { false, true })
            {
                float[] expected = TestData.Uniform(m * rows, 5);
                for (int i = 0; i < m; i++)
                {
                    for (int j = 0; j < rows; j++)
                    {
                        float product = reference(matrix.RowStart(j), a.AsSpan(i * matrix.Columns, matrix.Columns));
                        expected[(i * rows) + j] = accumulate ? expected[(i * rows) + j] + product : product;
                    }
                }

                Assert.True(Product(m, a, new WeightView(matrix), accumulate).AsSpan().SequenceEqual(expected), $"{isa} {format} {m}x{rows}x{matrix.Columns} accumulate={accumulate}");
            }
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Products_are_within_the_stated_bound_of_those_with_decoded_weights(Isa isa, string format)
    {
        InstructionSet.Current = isa;
        const int Units = 6, Rows = 37;
        BlockMatrix matrix = Matrix(format, Rows, Units * QuantizedSamples.ColumnUnit(format), seed: 7);
        float[] a = TestData.Uniform(matrix.Columns, 8);
        float[] weights = new Parameter("w", [Rows, matrix.Columns], matrix).ToArray();
        float[] c = Product(1, a, new WeightView(matrix), accumulate: false);
        double difference = 0;
        for (int row = 0; row < Rows; row++)
        {
            double exact = 0, bound = 0, size = 0;
            for (int p = 0; p < matrix.Columns; p++)
            {
                double weight = weights[(row * matrix.Columns) + p];
                double largest = Enumerable.Range(p / 32 * 32, 32).Max(q => Math.Abs(a[q]));
                exact += weight * a[p];
                bound += Math.Abs(weight) * largest / (1 << Formats.Single(entry => entry.Format == format).Bits);
                size += Math.Abs(weight) * largest;
            }

            // Codes with an offset or a minimum have larger products than their weights: a few more roundings of fp32.
            Assert.InRange(c[row], exact - bound - (16 * size / (1 << 24)), exact + bound + (16 * size / (1 << 24)));
            difference = Math.Max(difference, Math.Abs(c[row] - exact));
        }

        Assert.True(difference > 0);
    }

    /// <summary>Codes of all ones and activations of one magnitude: the largest sums that there are.</summary>
    [Theory]
    [MemberData(nameof(Cases))]
    public void The_largest_sums_fit_32_bits(Isa isa, string format)
    {
        InstructionSet.Current = isa;
        Reference reference = Formats.Single(entry => entry.Format == format).Reference;
        BlockMatrix matrix = Matrix(format, 4, 512, seed: 1);
        foreach (byte codes in new byte[] { 0, 0x7F, 0x80, 0xFF })
        {
            for (int row = 0; row < 4; row++)
            {
                int scales = matrix.BlockFormat.Name is "Q4_0" or "Q5_0" or "Q8_0" ? 2 : matrix.BlockFormat.Name is "Q6_K" ? 0 : 4;
                for (int block = 0; block < 512 / matrix.BlockFormat.BlockElements; block++)
                {
                    int length = matrix.BlockFormat.Name is "Q6_K" ? 192 : matrix.BlockFormat.BlockBytes - scales;
                    new Span<byte>(matrix.RowStart(row) + (block * matrix.BlockFormat.BlockBytes) + scales, length).Fill(codes);
                }
            }

            float[] a = [.. Enumerable.Repeat(-3f, 512)];
            Assert.Equal(reference(matrix.RowStart(2), a), Product(1, a, new WeightView(matrix), accumulate: false)[2]);
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(8)]
    public void Threads_and_views_change_nothing(int workers)
    {
        WorkerPool.Resize(1);
        foreach ((string format, _, _) in Formats)
        {
            BlockMatrix matrix = Matrix(format, 300, 512, seed: 2);
            float[] a = TestData.Uniform(4 * 512, 8);
            foreach (int m in new[] { 1, 4 })
            {
                WorkerPool.Resize(1);
                float[] all = Product(m, a, new WeightView(matrix), accumulate: false);
                WorkerPool.Resize(workers);
                Assert.Equal(all, Product(m, a, new WeightView(matrix), accumulate: false));
                float[] part = Product(m, a, new WeightView(matrix).RowRange(3, 200).RowRange(2, 7), accumulate: false);
                Assert.Equal(all[5..12], part[..7]);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Numbers_that_are_not_finite_make_no_number(Isa isa, string format)
    {
        InstructionSet.Current = isa;
        BlockMatrix matrix = Matrix(format, 9, 256, seed: 3);
        foreach (float odd in new[] { float.NaN, float.PositiveInfinity, float.NegativeInfinity })
        {
            float[] a = TestData.Uniform(5 * 256, 4);
            a[77] = odd;
            float[] c = Product(5, a, new WeightView(matrix), accumulate: false);
            Assert.All(c[..9], value => Assert.True(float.IsNaN(value)));
            Assert.All(c[9..], value => Assert.True(float.IsFinite(value)));
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Zeros_and_numbers_that_vanish_are_zero_and_large_ones_do_not_overflow(Isa isa, string format)
    {
        InstructionSet.Current = isa;
        BlockMatrix matrix = Matrix(format, 9, 256, seed: 3);
        float[] a = [.. Enumerable.Repeat(1e-38f, 128), .. Enumerable.Repeat(0f, 128)];
        Assert.All(Product(1, a, new WeightView(matrix), accumulate: false), value => Assert.Equal(0, value));
        float[] large = [.. TestData.Uniform(256, 6).Select(value => value * 1e36f)];
        Assert.All(Product(1, large, new WeightView(matrix), accumulate: false), value => Assert.True(float.IsFinite(value)));
    }

    private static BlockMatrix Matrix(string format, int rows, int columns, int seed) => (BlockMatrix)QuantizedSamples.Create(format, rows, columns, seed);

    private static float[] Product(int m, float[] a, in WeightView b, bool accumulate)
    {
        float[] c = TestData.Uniform(m * b.Rows, 5);
        fixed (float* left = a, result = c)
        {
            Gemm.MultiplyTransposedSmall(m, left, b.Columns, b, result, b.Rows, accumulate);
        }

        return c;
    }

    private static float Defined<TLayout>(byte* row, ReadOnlySpan<float> a)
        where TLayout : struct, IIntegerBlockFormat
    {
        float[] sums = new float[8];
        short* codes = stackalloc short[32];
        for (int start = 0; start < a.Length; start += TLayout.RunElements)
        {
            byte* block = row + (start / TLayout.Elements * TLayout.Bytes);
            int within = start % TLayout.Elements;
            float largest = 0;
            foreach (float value in a.Slice(start / 32 * 32, 32))
            {
                largest = MathF.Max(largest, MathF.Abs(value));
            }

            (int dot, int total) = (0, 0);
            float limit = 32767 << TLayout.LowBits;
            TLayout.Codes(block, within / 32, codes);
            for (int j = 0; j < TLayout.RunElements; j++)
            {
                int rounded = (int)MathF.Round(a[start + j] * (limit / largest));
                dot = checked(dot + ((codes[(within % 32) + j] - TLayout.Offset) * rounded));
                total += rounded;
            }

            (float scale, float minimum) = TLayout.Scale(block, within / TLayout.RunElements);
            ref float sum = ref sums[start / TLayout.RunElements % 8];
            sum = MathF.FusedMultiplyAdd(dot, scale * (largest / limit), sum);
            sum = TLayout.HasMinimum ? MathF.FusedMultiplyAdd(total, minimum * (largest / limit), sum) : sum;
        }

        return ((sums[0] + sums[4]) + (sums[2] + sums[6])) + ((sums[1] + sums[5]) + (sums[3] + sums[7]));
    }
}
