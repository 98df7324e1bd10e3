using Graft.Tensors.Kernels;

namespace Graft.Tensors.Tests;

/// <summary>4-bit layers that compute in 16 bits: what is rounded, and the rounding itself.</summary>
public sealed unsafe class RoundedLinearTests : IDisposable
{
    public static TheoryData<Isa, DType> Cases
    {
        get
        {
            var cases = new TheoryData<Isa, DType>();
            foreach (Isa isa in Enum.GetValues<Isa>().Where(isa => isa <= InstructionSet.Best))
            {
                cases.Add(isa, DType.BFloat16);
                cases.Add(isa, DType.Float16);
            }

            return cases;
        }
    }

    public void Dispose() => InstructionSet.Current = InstructionSet.Best;

    [Theory]
    [MemberData(nameof(Cases))]
    public void Numbers_are_rounded_as_the_conversion_there_and_back(Isa isa, DType dtype)
    {
        InstructionSet.Current = isa;
        float[] special =
        [
            0, -0f, 1, -1, 65504, 65519.996f, 65520, -65520, 1e30f, float.MaxValue, float.PositiveInfinity, float.NegativeInfinity, float.Epsilon, 5.9604645e-8f, 2.9802322e-8f, 2.9802326e-8f, 6.1035156e-5f, 6.1e-5f,
            1.00390625f, 1.01171875f, 1.0004883f, 1.0014648f,
        ];
        float[] values = new float[100_003];
        special.CopyTo(values, 0);
        var random = new Random(3);
        for (int i = special.Length; i < values.Length; i++)
        {
            float value = BitConverter.Int32BitsToSingle(random.Next(int.MinValue, int.MaxValue));
            values[i] = i % 3 == 0 ? (float)(random.NextDouble() * Math.Pow(2, random.Next(-28, 18))) : float.IsNaN(value) ? 1 : value;
        }

        values[777] = float.NaN;
        float[] rounded = new float[values.Length];
        fixed (float* source = values, destination = rounded)
        {
            RoundedTo.Apply(source, destination, values.Length, dtype);
        }

        Assert.Equal(values.Select(value => BitConverter.SingleToInt32Bits(Round(value, dtype))), rounded.Select(BitConverter.SingleToInt32Bits));
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Inputs_weights_biases_outputs_and_gradients_are_rounded_and_sums_are_not(Isa isa, DType dtype)
    {
        InstructionSet.Current = isa;
        const int Rows = 6, In = 96, Out = 40;
        FourBitMatrix matrix = FourBitQuantizer.Quantize(TestData.Parameter("w", TestData.Uniform(Out * In, 3), Out, In).View, FourBitType.NF4);
        float[] decoded = new Parameter("w", [Out, In], matrix).ToArray();
        var weight = new Parameter("w", [Out, In], new FourBitMatrix(Out, In, matrix.Type, matrix.BlockSize, matrix.ValueDType, matrix.Packed, matrix.Scales, matrix) { ComputeDType = dtype });
        float[] w = [.. decoded.Select(value => Round(value, dtype))];
        float[] x = TestData.Uniform(Rows * In, 5), b = TestData.Uniform(Out, 6), dy = TestData.Uniform(Rows * Out, 7);
        Parameter bias = TestData.Parameter("b", b, Out);
        using var buffer = new ParameterBuffer([bias]);
        using var tape = new Tape { Mode = TapeMode.Recording };
        Tensor input = TestData.Leaf(tape, TestData.Layout(2, 4), x);
        Tensor y = Op.QuantizedLinear(tape, input, weight, bias, training: true);
        float[] output = y.Span.ToArray();
        TestData.Seed(tape, y, dy);
        tape.Backward();
        float[] dx = TestData.Gradient(input), db = TestData.Gradient(bias);
        Close(dtype, output, (row, j) => Round(b[j], dtype) + Enumerable.Range(0, In).Sum(k => (double)Round(x[(row * In) + k], dtype) * w[(j * In) + k]), Rows, Out);
        Close(dtype, dx, (row, k) => Enumerable.Range(0, Out).Sum(j => (double)Round(dy[(row * Out) + j], dtype) * w[(j * In) + k]), Rows, In);
        Assert.All(output.Concat(dx), value => Assert.Equal(value, Round(value, dtype)));
        for (int j = 0; j < Out; j++)
        {
            Assert.Equal(Enumerable.Range(0, Rows).Sum(row => (double)Round(dy[(row * Out) + j], dtype)), db[j], 4);
        }
    }

    /// <summary>Rounded from sums in fp32: at most a step of the type, and mostly none, from the exact sum rounded.</summary>
    private static void Close(DType dtype, float[] actual, Func<int, int, double> exact, int rows, int columns)
    {
        double step = dtype == DType.BFloat16 ? 1.0 / 128 : 1.0 / 1024;
        int equal = 0;
        for (int i = 0; i < rows * columns; i++)
        {
            float expected = Round((float)exact(i / columns, i % columns), dtype);
            Assert.True(Math.Abs(expected - actual[i]) <= (step * Math.Abs(expected)) + 1e-5, $"[{i}]: expected {expected}, got {actual[i]}");
            equal += expected == actual[i] ? 1 : 0;
        }

        Assert.True(equal > 0.95 * rows * columns, $"{equal} of {rows * columns} are the sum rounded once");
    }

    private static float Round(float value, DType dtype) => dtype == DType.BFloat16 ? BFloat16.ToSingle(BFloat16.FromSingle(value)) : (float)(Half)value;
}
