using Xunit;

namespace Graft.Tensors.Tests;

public sealed class AttentionTests
{
    public static TheoryData<string> Variants => ["plain", "grouped", "multi-query", "alibi", "falcon alibi", "window", "bidirectional", "bidirectional window", "soft cap", "dropout"];

    [Theory]
    [MemberData(nameof(Variants))]
    public void ForwardIsThatOfDoublePrecision(string variant)
    {
        using AttentionCase run = new AttentionCase(Settings(variant), 5, 1, 9).Run();
        double[] expected = Expected(run, Array.ConvertAll(run.X, static v => (double)v));
        for (int i = 0; i < expected.Length; i++)
        {
            Assert.Equal(expected[i], run.Output[i], 2e-6);
        }
    }

    [Theory]
    [MemberData(nameof(Variants))]
    public void GradientIsThatOfFiniteDifferences(string variant)
    {
        using AttentionCase run = new AttentionCase(Settings(variant), 4, 1, 7).Run();
        double[] x = Array.ConvertAll(run.X, static v => (double)v);
        for (int i = 0; i < x.Length; i++)
        {
            const double Step = 1e-5;
            double kept = x[i];
            x[i] = kept + Step;
            double above = Loss(run, x);
            x[i] = kept - Step;
            double below = Loss(run, x);
            x[i] = kept;
            double expected = (above - below) / (2 * Step);
            Assert.True(Math.Abs(expected - run.Gradient[i]) <= 1e-3 * Math.Max(0.05, Math.Abs(expected)), $"element {i}: {run.Gradient[i]}, not {expected}");
        }
    }

    [Fact]
    public void OnlyNeededGradientsAreMade()
    {
        using var tape = new Tape { Mode = TapeMode.Recording };
        var sequences = new SequenceLayout();
        sequences.Add(3);
        Tensor q = Filled(tape.NewTensor(3, 4, sequences, requiresGrad: true), 0.3f);
        Tensor k = Filled(tape.NewTensor(3, 4, sequences, requiresGrad: false), 0.5f);
        Tensor v = Filled(tape.NewTensor(3, 4, sequences, requiresGrad: false), 0.7f);
        var heads = new HeadLayout(0, 2);
        Tensor y = Op.Attention(tape, q, heads, k, heads, v, heads, AttentionCase.Plain(2, 2, 2, 2));
        unsafe
        {
            new Span<float>(tape.GradientOf(y, out _), 12).Fill(1);
            tape.Backward();
            Assert.True(q.Gradient != null && k.Gradient == null && v.Gradient == null);
        }
    }

    [Theory]
    [InlineData(1, new[] { 0.00390625f })]
    [InlineData(2, new[] { 0.0625f, 0.00390625f })]
    [InlineData(4, new[] { 0.25f, 0.0625f, 0.015625f, 0.00390625f })]
    [InlineData(3, new[] { 0.0625f, 0.00390625f, 0.25f })]
    [InlineData(6, new[] { 0.25f, 0.0625f, 0.015625f, 0.00390625f, 0.5f, 0.125f })]
    public void AlibiSlopesOfAnyHeadCount(int heads, float[] expected) => Assert.Equal(expected, AlibiSlopes.For(heads));

    [Fact]
    public void ImpossibleSettingsAreRefused()
    {
        Assert.Throws<ArgumentException>(() => AttentionCase.Plain(3, 2, 4, 4).Validate());
        Assert.Throws<ArgumentException>(() => AttentionCase.Plain(0, 1, 4, 4).Validate());
        AttentionSettings slopeless = new() { Heads = 1, KeyValueHeads = 1, HeadDim = 2, ValueHeadDim = 2, Scale = 1, Alibi = AlibiForm.Standard };
        Assert.Throws<ArgumentException>(slopeless.Validate);
        using var tape = new Tape();
        var sequences = new SequenceLayout();
        sequences.Add(1);
        Tensor x = tape.NewTensor(1, 5, sequences, requiresGrad: false);
        var heads = new HeadLayout(0, 2);
        ArgumentException error = Assert.Throws<ArgumentException>(() => Op.Attention(tape, x, heads, x, heads, x, new HeadLayout(2, 2), AttentionCase.Plain(2, 2, 2, 2)));
        Assert.Contains("attention values: head 1 takes columns 4 to 5 of a matrix that has 5", error.Message, StringComparison.Ordinal);
    }

    internal static AttentionSettings Settings(string variant, int headDim = 5, int valueHeadDim = 3)
    {
        int heads = variant == "alibi" ? 3 : 4;
        int keyValueHeads = variant switch { "grouped" => 2, "multi-query" => 1, _ => heads };
        AlibiForm alibi = variant switch { "alibi" => AlibiForm.Standard, "falcon alibi" => AlibiForm.Bfloat16BeforeScale, _ => AlibiForm.None };
        return new AttentionSettings
        {
            Heads = heads,
            KeyValueHeads = keyValueHeads,
            HeadDim = headDim,
            ValueHeadDim = valueHeadDim,
            Scale = 1 / MathF.Sqrt(headDim),
            Alibi = alibi,
            AlibiSlopes = alibi == AlibiForm.None ? null : AlibiSlopes.For(heads),
            Window = variant.Contains("window", StringComparison.Ordinal) ? 3 : 0,
            SoftCap = variant == "soft cap" ? 0.75f : 0,
            Dropout = variant == "dropout" ? 0.3f : 0,
            Causal = !variant.Contains("bidirectional", StringComparison.Ordinal),
        };
    }

    internal static double[] Expected(AttentionCase run, double[] x)
    {
        var all = new List<double>();
        int row = 0;
        foreach (int length in run.Lengths)
        {
            all.AddRange(run.Reference.Forward(x[(row * run.Columns)..((row + length) * run.Columns)], run.Columns, length));
            row += length;
        }

        return [.. all];
    }

    private static double Loss(AttentionCase run, double[] x)
    {
        double loss = 0;
        double[] output = Expected(run, x);
        int start = 0;
        foreach (int length in run.Lengths)
        {
            for (int i = 0; i < length * run.OutputColumns; i++)
            {
                loss += output[start + i] * AttentionCase.LossWeight(i);
            }

            start += length * run.OutputColumns;
        }

        return loss;
    }

    private static Tensor Filled(Tensor tensor, float phase)
    {
        for (int i = 0; i < tensor.Span.Length; i++)
        {
            tensor.Span[i] = MathF.Cos((i * phase) + phase);
        }

        return tensor;
    }
}
