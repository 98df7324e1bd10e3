using Graft.Tensors.Kernels;
using Graft.Tensors.Threading;
using Xunit;

namespace Graft.Tensors.Tests;

/// <summary>Queries of one batch over keys and values of another.</summary>
public sealed unsafe class AttentionCrossTests : IDisposable
{
    private const int Heads = 2;
    private const int HeadDim = 3;
    private const int ValueHeadDim = 2;

    private readonly Isa _isa = InstructionSet.Current;
    private readonly int _workers = WorkerPool.Shared.WorkerCount;

    public static TheoryData<Isa> Sets => [.. Enum.GetValues<Isa>().Where(static isa => isa <= InstructionSet.Best)];

    public void Dispose()
    {
        InstructionSet.Current = _isa;
        WorkerPool.Resize(_workers);
    }

    [Theory]
    [MemberData(nameof(Sets))]
    public void OutputAndGradientsAreThoseOfDoublePrecision(Isa isa)
    {
        InstructionSet.Current = isa;
        int[] queryLengths = [4, 0, 2];
        int[] keyLengths = [3, 2, 9];
        double[] q = Numbers(6 * Heads * HeadDim, 1);
        double[] k = Numbers(14 * HeadDim, 2);
        double[] v = Numbers(14 * ValueHeadDim, 3);
        float[][] actual = Run(queryLengths, keyLengths, q, k, v);
        AssertClose(Forward(queryLengths, keyLengths, q, k, v), actual[0], 1e-6);
        double[][] inputs = [q, k, v];
        for (int n = 0; n < 3; n++)
        {
            double[] expected = new double[inputs[n].Length];
            for (int i = 0; i < expected.Length; i++)
            {
                const double Step = 1e-5;
                double kept = inputs[n][i];
                inputs[n][i] = kept + Step;
                double above = Loss(Forward(queryLengths, keyLengths, q, k, v));
                inputs[n][i] = kept - Step;
                expected[i] = (above - Loss(Forward(queryLengths, keyLengths, q, k, v))) / (2 * Step);
                inputs[n][i] = kept;
            }

            AssertClose(expected, actual[n + 1], 1e-5);
        }
    }

    [Fact]
    public void ManyWorkersGiveTheSameBits()
    {
        double[] q = Numbers(300 * Heads * HeadDim, 1);
        double[] k = Numbers(900 * HeadDim, 2);
        double[] v = Numbers(900 * ValueHeadDim, 3);
        WorkerPool.Resize(1);
        float[][] expected = Run([300], [900], q, k, v);
        WorkerPool.Resize(3);
        Assert.Equal(expected, Run([300], [900], q, k, v));
    }

    [Fact]
    public void MismatchedBatchesAreRefused()
    {
        Assert.Throws<ArgumentException>(() => Run([1, 1], [2], new double[2 * Heads * HeadDim], new double[2 * HeadDim], new double[2 * ValueHeadDim]));
        Assert.Throws<ArgumentException>(() => Run([1], [0], new double[Heads * HeadDim], [], []));
    }

    private static float[][] Run(int[] queryLengths, int[] keyLengths, double[] q, double[] k, double[] v)
    {
        using var tape = new Tape { Mode = TapeMode.Recording };
        SequenceLayout queries = Layout(queryLengths);
        SequenceLayout keys = Layout(keyLengths);
        Tensor query = Filled(tape.NewTensor(queries.Rows, Heads * HeadDim, queries, requiresGrad: true), q);
        Tensor key = Filled(tape.NewTensor(keys.Rows, HeadDim, keys, requiresGrad: true), k);
        Tensor value = Filled(tape.NewTensor(keys.Rows, ValueHeadDim, keys, requiresGrad: true), v);
        var settings = new AttentionSettings { Heads = Heads, KeyValueHeads = 1, HeadDim = HeadDim, ValueHeadDim = ValueHeadDim, Scale = 0.7f, Causal = false };
        Tensor y = Op.Attention(tape, query, new HeadLayout(0, HeadDim), key, new HeadLayout(0, HeadDim), value, new HeadLayout(0, ValueHeadDim), settings);
        float[] output = y.Span.ToArray();
        float* gradient = tape.GradientOf(y, out _);
        for (int i = 0; i < y.Count; i++)
        {
            gradient[i] = AttentionCase.LossWeight(i);
        }

        tape.Backward();
        return [output, Gradient(query), Gradient(key), Gradient(value)];
    }

    private static double[] Forward(int[] queryLengths, int[] keyLengths, double[] q, double[] k, double[] v)
    {
        var output = new double[queryLengths.Sum() * Heads * ValueHeadDim];
        int firstQuery = 0;
        int firstKey = 0;
        for (int s = 0; s < queryLengths.Length; s++)
        {
            for (int i = firstQuery * Heads; i < (firstQuery + queryLengths[s]) * Heads; i++)
            {
                double[] scores = [.. Enumerable.Range(firstKey, keyLengths[s]).Select(j => Math.Exp(0.7f * Enumerable.Range(0, HeadDim).Sum(c => q[(i * HeadDim) + c] * k[(j * HeadDim) + c])))];
                for (int c = 0; c < ValueHeadDim; c++)
                {
                    output[(i * ValueHeadDim) + c] = scores.Select((p, j) => p * v[((firstKey + j) * ValueHeadDim) + c]).Sum() / scores.Sum();
                }
            }

            firstQuery += queryLengths[s];
            firstKey += keyLengths[s];
        }

        return output;
    }

    private static double Loss(double[] output) => output.Select(static (y, i) => y * AttentionCase.LossWeight(i)).Sum();

    private static double[] Numbers(int count, int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(_ => (double)(float)((random.NextDouble() * 2) - 1))];
    }

    private static SequenceLayout Layout(int[] lengths)
    {
        var sequences = new SequenceLayout();
        foreach (int length in lengths)
        {
            sequences.Add(length);
        }

        return sequences;
    }

    private static Tensor Filled(Tensor tensor, double[] values)
    {
        for (int i = 0; i < values.Length; i++)
        {
            tensor.Span[i] = (float)values[i];
        }

        return tensor;
    }

    private static float[] Gradient(Tensor tensor) => new Span<float>(tensor.Gradient, (int)tensor.Count).ToArray();

    private static void AssertClose(double[] expected, float[] actual, double tolerance)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (int i = 0; i < expected.Length; i++)
        {
            Assert.True(Math.Abs(expected[i] - actual[i]) <= tolerance * Math.Max(1, Math.Abs(expected[i])), $"element {i}: {actual[i]}, not {expected[i]}");
        }
    }
}
