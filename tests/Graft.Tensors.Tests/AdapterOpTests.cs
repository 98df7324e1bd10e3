using System.Runtime.InteropServices;

namespace Graft.Tensors.Tests;

/// <summary>Ops that other adapters than LoRA are made of.</summary>
public unsafe class AdapterOpTests
{
    private const int Rows = 6;
    private const int Features = 5;

    [Fact]
    public void Scaling_columns_matches_the_reference_and_its_differences()
    {
        Parameter scale = TestData.Parameter("l", TestData.Uniform(Features, 1), Features, 1);
        FiniteDifference.Check(
            TestData.Layout(2, 0, 4),
            [TestData.Uniform(Rows * Features, 2)],
            [scale],
            (tape, x) => Op.ScaleColumns(tape, x[0], scale),
            v => [.. v[0].Select((value, i) => value * v[1][i % Features])]);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Scaling_to_a_magnitude_matches_the_reference_and_its_differences(bool hasBias)
    {
        Parameter magnitude = TestData.Parameter("m", TestData.Uniform(Features, 1));
        Parameter? bias = hasBias ? TestData.Parameter("b", TestData.Uniform(Features, 3)) : null;
        float[] inverse = [0.5f, 1.25f, 0, 2, 0.1f];
        GCHandle pinned = GCHandle.Alloc(inverse, GCHandleType.Pinned);
        try
        {
            FiniteDifference.Check(
                TestData.Layout(2, 0, 4),
                [TestData.Uniform(Rows * Features, 2)],
                [.. new[] { magnitude, bias }.OfType<Parameter>()],
                (tape, x) => Op.ScaleToMagnitude(tape, x[0], bias, magnitude, (float*)pinned.AddrOfPinnedObject()),
                v => [.. v[0].Select((value, i) => ((value - Bias(v, i)) * v[1][i % Features] * inverse[i % Features]) + Bias(v, i))]);
        }
        finally
        {
            pinned.Free();
        }

        double Bias(double[][] values, int i) => hasBias ? values[2][i % Features] : 0;
    }

    [Fact]
    public void Subtracting_in_place_matches_the_reference_and_its_differences()
    {
        FiniteDifference.Check(
            TestData.Layout(2, 4),
            [TestData.Uniform(Rows * Features, 1), TestData.Uniform(Rows * Features, 2)],
            [],
            (tape, x) =>
            {
                Tensor y = Op.Add(tape, x[0], x[0]);
                Op.Subtract(tape, y, x[1]);
                return y;
            },
            v => [.. v[0].Zip(v[1], (a, b) => (2 * a) - b)]);
    }

    [Fact]
    public void Token_rows_take_the_place_of_the_embedding_and_of_its_gradient()
    {
        const int Vocabulary = 9;
        int[] ids = [3, 0, 8, 3, 5, 1];
        int[] chosen = [8, 3];
        Parameter table = TestData.Parameter("table", TestData.Uniform(Vocabulary * Features, 1), Vocabulary, Features);
        Parameter rows = TestData.Parameter("rows", TestData.Uniform(chosen.Length * Features, 2), chosen.Length, Features);
        var rowOf = chosen.Select((id, row) => (id, row)).ToDictionary(entry => entry.id, entry => entry.row);
        SequenceLayout layout = TestData.Layout(2, 4);
        FiniteDifference.Check(
            layout,
            [],
            [table, rows],
            (tape, _) =>
            {
                Tensor y = Op.Embedding(tape, table, ids, layout);
                Op.TokenRows(tape, ids, y, rows, rowOf);
                return y;
            },
            v => [.. ids.SelectMany(id => Enumerable.Range(0, Features).Select(f => rowOf.TryGetValue(id, out int row) ? v[1][(row * Features) + f] : v[0][(id * Features) + f]))]);
    }

    [Fact]
    public void Token_columns_take_the_place_of_the_heads_rows_and_of_their_gradient()
    {
        const int Vocabulary = 7;
        int[] chosen = [6, 2];
        Parameter head = TestData.Parameter("head", TestData.Uniform(Vocabulary * Features, 1), Vocabulary, Features);
        Parameter bias = TestData.Parameter("bias", TestData.Uniform(Vocabulary, 4));
        Parameter rows = TestData.Parameter("rows", TestData.Uniform(chosen.Length * Features, 2), chosen.Length, Features);
        FiniteDifference.Check(
            TestData.Layout(2, 4),
            [TestData.Uniform(Rows * Features, 3)],
            [head, bias, rows],
            (tape, x) =>
            {
                Tensor y = Op.Linear(tape, x[0], head, bias);
                Op.TokenColumns(tape, x[0], y, rows, chosen, bias);
                return y;
            },
            v => [.. Enumerable.Range(0, Rows * Vocabulary).Select(i =>
            {
                int token = i % Vocabulary;
                int row = Array.IndexOf(chosen, token);
                return v[2][token] + Enumerable.Range(0, Features).Sum(f => v[0][(i / Vocabulary * Features) + f] * (row < 0 ? v[1][(token * Features) + f] : v[3][(row * Features) + f]));
            })]);
    }
}
