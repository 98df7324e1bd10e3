using Graft.Tensors.Kernels;
using Graft.Tensors.Threading;
using Xunit;

namespace Graft.Tensors.Tests;

/// <summary>Attention with learned biases by distance.</summary>
public sealed unsafe class AttentionRelativeTests : IDisposable
{
    private const int Heads = 3;
    private const int HeadDim = 5;

    private readonly Isa _isa = InstructionSet.Current;
    private readonly int _workers = WorkerPool.Shared.WorkerCount;

    public static TheoryData<Isa, bool> Sets
    {
        get
        {
            var data = new TheoryData<Isa, bool>();
            foreach (Isa isa in Enum.GetValues<Isa>().Where(static isa => isa <= InstructionSet.Best))
            {
                data.Add(isa, true);
                data.Add(isa, false);
            }

            return data;
        }
    }

    public void Dispose()
    {
        InstructionSet.Current = _isa;
        WorkerPool.Resize(_workers);
    }

    [Theory]
    [MemberData(nameof(Sets))]
    public void OutputAndGradientsAreThoseOfDoublePrecision(Isa isa, bool causal)
    {
        InstructionSet.Current = isa;
        int[] lengths = [4, 0, 11, 1];
        var buckets = new RelativeBuckets(8, 6, bidirectional: !causal);
        float[] x = Numbers(16 * 3 * Heads * HeadDim, 1);
        float[] table = Numbers(8 * Heads, 2);
        Result actual = Run(lengths, causal, buckets, x, table);
        double[] wide = Array.ConvertAll(x, static v => (double)v);
        double[] wideTable = Array.ConvertAll(table, static v => (double)v);
        FiniteDifference.AssertClose(Forward(lengths, causal, buckets, wide, wideTable), actual.Output, 1e-5, "output");
        double[][] all = [wide, wideTable];
        FiniteDifference.AssertClose(FiniteDifference.Differences(all, wide, v => Loss(Forward(lengths, causal, buckets, v[0], v[1]))), actual.Gradient, 2e-5, "input");
        FiniteDifference.AssertClose(FiniteDifference.Differences(all, wideTable, v => Loss(Forward(lengths, causal, buckets, v[0], v[1]))), actual.TableGradient, 2e-5, "table");
    }

    [Theory]
    [MemberData(nameof(Sets))]
    public void LongSequencesAreThoseOfTheScalarReference(Isa isa, bool causal)
    {
        int[] lengths = [300, 1, 64, 129];
        var buckets = new RelativeBuckets(32, 128, bidirectional: !causal);
        float[] x = Numbers(494 * 3 * Heads * HeadDim, 1);
        float[] table = Numbers(32 * Heads, 2);
        InstructionSet.Current = Isa.Scalar;
        Result expected = Run(lengths, causal, buckets, x, table);
        InstructionSet.Current = isa;
        Result actual = Run(lengths, causal, buckets, x, table);
        AssertClose(expected.Output, actual.Output, 1e-5f);
        AssertClose(expected.Gradient, actual.Gradient, 4e-5f);
        AssertClose(expected.TableGradient, actual.TableGradient, 4e-4f);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void AnyNumberOfThreadsGivesTheSameBits(bool causal)
    {
        var buckets = new RelativeBuckets(32, 128, bidirectional: !causal);
        float[] x = Numbers(600 * 3 * Heads * HeadDim, 1);
        float[] table = Numbers(32 * Heads, 2);
        WorkerPool.Resize(1);
        Result expected = Run([600], causal, buckets, x, table);
        foreach (int workers in new[] { 2, 5 })
        {
            WorkerPool.Resize(workers);
            Result actual = Run([600], causal, buckets, x, table);
            Assert.Equal(expected.Output, actual.Output);
            Assert.Equal(expected.Gradient, actual.Gradient);
            Assert.Equal(expected.TableGradient, actual.TableGradient);
        }
    }

    [Fact]
    public void DecodingEqualsFullAttention()
    {
        foreach (Isa isa in Enum.GetValues<Isa>().Where(static isa => isa <= InstructionSet.Best))
        {
            InstructionSet.Current = isa;
            var buckets = new RelativeBuckets(8, 20, bidirectional: false);
            float[] x = Numbers(90 * 3 * Heads * HeadDim, 1);
            float[] table = Numbers(8 * Heads, 2);
            float[] expected = Run([90], causal: true, buckets, x, table).Output;
            using var cache = new KeyValueCache(1, Heads * HeadDim, Heads * HeadDim);
            int[] slots = [cache.AddSequence()];
            using var tape = new Tape();
            Parameter parameter = TestData.Parameter("table", table, 8, Heads);
            for (int done = 0, count = 20; done < 90; done += count, count = done % 3 == 0 ? 4 : 1)
            {
                count = Math.Min(count, 90 - done);
                tape.Reset();
                var layout = new SequenceLayout();
                layout.Add(count, done);
                Tensor input = tape.NewTensor(count, 3 * Heads * HeadDim, layout, requiresGrad: false);
                x.AsSpan(done * input.Columns, count * input.Columns).CopyTo(input.Span);
                cache.SlotsOfStep = slots;
                RelativeBias bias = Op.RelativeBias(tape, parameter, buckets, done + count - 1, after: 0);
                Tensor y = Op.CachedAttention(tape, input, Layout(0), input, Layout(1), input, Layout(2), Settings(causal: true), cache, 0, bias);
                cache.Commit();
                AssertClose(expected[(done * Heads * HeadDim)..((done + count) * Heads * HeadDim)], y.Span.ToArray(), 1e-5f);
            }
        }
    }

    [Fact]
    public void ABiasThatDoesNotReachIsRefused()
    {
        using var tape = new Tape();
        var buckets = new RelativeBuckets(8, 20, bidirectional: true);
        Tensor x = TestData.Leaf(tape, TestData.Layout(4), new float[4 * 3 * Heads * HeadDim]);
        RelativeBias near = Op.RelativeBias(tape, TestData.Parameter("table", new float[8 * Heads], 8, Heads), buckets, before: 3, after: 2);
        Assert.Throws<ArgumentException>(() => Op.Attention(tape, x, Layout(0), x, Layout(1), x, Layout(2), Settings(causal: false), near));
        Op.Attention(tape, x, Layout(0), x, Layout(1), x, Layout(2), Settings(causal: true), near);
        ArgumentException wrongRows = Assert.Throws<ArgumentException>(() => Op.RelativeBias(tape, TestData.Parameter("my.table", new float[7 * Heads], 7, Heads), buckets, 3, 3));
        Assert.Contains("my.table", wrongRows.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void BucketsOfT5()
    {
        var encoder = new RelativeBuckets(32, 128, bidirectional: true);
        Assert.Equal([0, 1, 7, 8, 8, 9, 10, 15, 15, 17, 24], new[] { 0, 1, 7, 8, 11, 12, 16, 127, 5000, -1, -8 }.Select(encoder.Of));
        var decoder = new RelativeBuckets(32, 128, bidirectional: false);
        Assert.Equal([0, 0, 15, 16, 21, 31, 31], new[] { -9, 0, 15, 16, 32, 127, 128 }.Select(decoder.Of));
        Assert.Throws<ArgumentException>(() => new RelativeBuckets(1, 128, bidirectional: false));
        Assert.Throws<ArgumentException>(() => new RelativeBuckets(2, 128, bidirectional: true));
        Assert.Throws<ArgumentException>(() => new RelativeBuckets(32, 16, bidirectional: false));
    }

    private static HeadLayout Layout(int part) => new(part * HeadDim, 3 * HeadDim);

    private static AttentionSettings Settings(bool causal) => new()
    {
        Heads = Heads, KeyValueHeads = Heads, HeadDim = HeadDim, ValueHeadDim = HeadDim, Scale = 0.7f, Causal = causal,
    };

    private static Result Run(int[] lengths, bool causal, RelativeBuckets buckets, float[] x, float[] table)
    {
        using var tape = new Tape { Mode = TapeMode.Recording };
        Parameter parameter = TestData.Parameter("table", table, table.Length / Heads, Heads);
        using var buffer = new ParameterBuffer([parameter]);
        SequenceLayout layout = TestData.Layout(lengths);
        Tensor input = TestData.Leaf(tape, layout, x);
        int longest = lengths.Max() - 1;
        RelativeBias bias = Op.RelativeBias(tape, parameter, buckets, longest, causal ? 0 : longest);
        Tensor y = Op.Attention(tape, input, Layout(0), input, Layout(1), input, Layout(2), Settings(causal), bias);
        float[] output = y.Span.ToArray();
        float* gradient = tape.GradientOf(y, out _);
        for (int i = 0; i < output.Length; i++)
        {
            gradient[i] = AttentionCase.LossWeight(i);
        }

        tape.Backward();
        return new Result(output, new Span<float>(input.Gradient, x.Length).ToArray(), new Span<float>(parameter.Gradient, table.Length).ToArray());
    }

    private static double Loss(double[] output)
    {
        double loss = 0;
        for (int i = 0; i < output.Length; i++)
        {
            loss += output[i] * AttentionCase.LossWeight(i);
        }

        return loss;
    }

    private static double[] Forward(int[] lengths, bool causal, RelativeBuckets buckets, double[] x, double[] table)
    {
        const int Columns = 3 * Heads * HeadDim;
        var output = new List<double>();
        int start = 0;
        foreach (int length in lengths)
        {
            double Dot(int i, int j, int head) => Enumerable.Range(0, HeadDim).Sum(c => x[((start + i) * Columns) + Layout(0).Column(head) + c] * x[((start + j) * Columns) + Layout(1).Column(head) + c]);
            for (int i = 0; i < length; i++)
            {
                for (int head = 0; head < Heads; head++)
                {
                    int end = causal ? i + 1 : length;
                    double[] weights = [.. Enumerable.Range(0, end).Select(j => Math.Exp((Dot(i, j, head) * 0.7f) + table[(buckets.Of(i - j) * Heads) + head]))];
                    double sum = weights.Sum();
                    for (int c = 0; c < HeadDim; c++)
                    {
                        output.Add(Enumerable.Range(0, end).Sum(j => weights[j] / sum * x[((start + j) * Columns) + Layout(2).Column(head) + c]));
                    }
                }
            }

            start += length;
        }

        return [.. output];
    }

    private static float[] Numbers(int count, ulong seed) => TestData.Uniform(count, seed);

    private static void AssertClose(float[] expected, float[] actual, float tolerance)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (int i = 0; i < expected.Length; i++)
        {
            Assert.True(MathF.Abs(expected[i] - actual[i]) <= tolerance * MathF.Max(1, MathF.Abs(expected[i])), $"element {i}: {actual[i]}, not {expected[i]}");
        }
    }

    private sealed record Result(float[] Output, float[] Gradient, float[] TableGradient);
}
