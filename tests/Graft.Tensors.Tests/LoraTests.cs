namespace Graft.Tensors.Tests;

public unsafe class LoraTests
{
    private const int Rows = 6;
    private const int In = 9;
    private const int Out = 5;
    private const int Rank = 3;
    private const float Scaling = 0.75f;

    [Theory]
    [InlineData(LinearLayout.OutIn, false)]
    [InlineData(LinearLayout.OutIn, true)]
    [InlineData(LinearLayout.InOut, false)]
    public void Lora_matches_the_reference_and_its_differences(LinearLayout layout, bool hasBias)
    {
        bool isOutIn = layout == LinearLayout.OutIn;
        Parameter weight = TestData.Parameter("weight", TestData.Uniform(In * Out, 1), Out, In);
        Parameter a = TestData.Parameter("a", TestData.Uniform(In * Rank, 2), isOutIn ? [Rank, In] : [In, Rank]);
        Parameter b = TestData.Parameter("b", TestData.Uniform(Out * Rank, 3), isOutIn ? [Out, Rank] : [Rank, Out]);
        Parameter? bias = hasBias ? TestData.Parameter("bias", TestData.Uniform(Out, 4)) : null;
        double[] frozen = [.. weight.ToArray().Select(w => (double)w)];
        FiniteDifference.Check(
            TestData.Layout(2, 0, 4),
            [TestData.Uniform(Rows * In, 5)],
            [.. new[] { a, b, bias }.OfType<Parameter>()],
            (tape, x) =>
            {
                Tensor y = Op.Linear(tape, x[0], weight, null);
                Op.Lora(tape, x[0], y, a, b, bias, Scaling, dropout: 0, layout);
                return y;
            },
            v => Reference(v[0], frozen, isOutIn ? v[1] : Transpose(v[1], In, Rank), isOutIn ? v[2] : Transpose(v[2], Rank, Out), hasBias ? v[3] : new double[Out]));
    }

    [Fact]
    public void Dropout_acts_on_the_input_of_the_update_only()
    {
        const float Probability = 0.4f;
        Parameter a = TestData.Parameter("a", TestData.Uniform(In * Rank, 2), Rank, In);
        Parameter b = TestData.Parameter("b", TestData.Uniform(Out * Rank, 3), Out, Rank);
        Parameter weight = TestData.Parameter("weight", TestData.Uniform(In * Out, 1), Out, In);
        float[] values = TestData.Uniform(Rows * In, 5);
        using var buffer = new ParameterBuffer([a, b]);
        float[][] Run(Action<Tape, Tensor, Tensor> update)
        {
            buffer.ClearGradients();
            using var tape = new Tape { Mode = TapeMode.Recording, RandomSeed = 3 };
            Tensor x = TestData.Leaf(tape, TestData.Layout(2, 4), values);
            Tensor y = Op.Linear(tape, x, weight, null);
            update(tape, x, y);
            float[] output = y.Span.ToArray();
            TestData.Seed(tape, y, TestData.Uniform(Rows * Out, 8));
            tape.Backward();
            return [output, TestData.Gradient(x), TestData.Gradient(a), TestData.Gradient(b)];
        }

        float[][] fused = Run((tape, x, y) => Op.Lora(tape, x, y, a, b, null, Scaling, Probability));
        float[][] apart = Run((tape, x, y) => Op.Lora(tape, Op.Dropout(tape, x, Probability), y, a, b, null, Scaling, dropout: 0));
        for (int i = 0; i < fused.Length; i++)
        {
            FiniteDifference.AssertClose([.. apart[i].Select(value => (double)value)], fused[i], 1e-6, $"array {i}");
        }
    }

    [Fact]
    public void Lora_on_an_embedding_matches_the_reference_and_its_differences()
    {
        const int Vocabulary = 7;
        int[] ids = [3, 0, 6, 3, 3, 1];
        Parameter a = TestData.Parameter("a", TestData.Uniform(Rank * Vocabulary, 2), Rank, Vocabulary);
        Parameter b = TestData.Parameter("b", TestData.Uniform(Out * Rank, 3), Out, Rank);
        FiniteDifference.Check(
            TestData.Layout(2, 4),
            [TestData.Uniform(Rows * Out, 5)],
            [a, b],
            (tape, x) =>
            {
                Tensor y = Op.Add(tape, x[0], x[0]);
                Op.LoraEmbedding(tape, ids, y, a, b, Scaling);
                return y;
            },
            v => [.. Enumerable.Range(0, Rows * Out).Select(i => (2 * v[0][i]) + (Scaling * Enumerable.Range(0, Rank).Sum(k => v[1][(k * Vocabulary) + ids[i / Out]] * v[2][(i % Out * Rank) + k])))]);
    }

    private static double[] Reference(double[] x, double[] weight, double[] a, double[] b, double[] bias)
    {
        var y = new double[Rows * Out];
        for (int row = 0; row < Rows; row++)
        {
            double[] h = [.. Enumerable.Range(0, Rank).Select(k => Enumerable.Range(0, In).Sum(i => x[(row * In) + i] * a[(k * In) + i]))];
            for (int j = 0; j < Out; j++)
            {
                double product = Enumerable.Range(0, In).Sum(i => x[(row * In) + i] * weight[(j * In) + i]);
                y[(row * Out) + j] = product + (Scaling * (bias[j] + Enumerable.Range(0, Rank).Sum(k => h[k] * b[(j * Rank) + k])));
            }
        }

        return y;
    }

    private static double[] Transpose(double[] matrix, int rows, int columns) => [.. Enumerable.Range(0, rows * columns).Select(i => matrix[(i % rows * columns) + (i / rows)])];
}
