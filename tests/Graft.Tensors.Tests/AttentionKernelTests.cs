using Graft.Tensors.Kernels;
using Graft.Tensors.Threading;
using Xunit;

namespace Graft.Tensors.Tests;

/// <summary>Vector kernels against the scalar reference; the same bits for any number of threads and any batch.</summary>
public sealed class AttentionKernelTests : IDisposable
{
    private readonly Isa _isa = InstructionSet.Current;
    private readonly int _workers = WorkerPool.Shared.WorkerCount;

    public static TheoryData<Isa> VectorSets => [.. Enum.GetValues<Isa>().Where(static isa => isa != Isa.Scalar && isa <= InstructionSet.Best)];

    public static TheoryData<Isa, string> SetsAndVariants
    {
        get
        {
            var data = new TheoryData<Isa, string>();
            foreach (Isa isa in Enum.GetValues<Isa>().Where(static isa => isa != Isa.Scalar && isa <= InstructionSet.Best))
            {
                foreach (string variant in new[] { "plain", "grouped", "multi-query", "alibi", "falcon alibi", "window", "bidirectional", "bidirectional window", "soft cap", "dropout" })
                {
                    data.Add(isa, variant);
                }
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
    [MemberData(nameof(VectorSets))]
    public void AllLengthsAreThoseOfTheScalarReference(Isa isa)
    {
        foreach (int[] lengths in Enumerable.Range(0, 131).Chunk(10))
        {
            using var run = new AttentionCase(AttentionCase.Plain(2, 1, 7, 9), lengths);
            AssertSame(run, isa);
        }
    }

    [Theory]
    [MemberData(nameof(VectorSets))]
    public void AllHeadSizesAreThoseOfTheScalarReference(Isa isa)
    {
        foreach ((int headDim, int valueHeadDim) in new[] { (1, 1), (2, 33), (3, 5), (8, 8), (15, 17), (31, 2), (64, 64), (80, 96), (128, 47), (65, 130) })
        {
            using var run = new AttentionCase(AttentionCase.Plain(2, 2, headDim, valueHeadDim), 3, 70, 17);
            AssertSame(run, isa);
        }
    }

    [Theory]
    [MemberData(nameof(SetsAndVariants))]
    public void AllVariantsAreThoseOfTheScalarReference(Isa isa, string variant)
    {
        using var run = new AttentionCase(AttentionTests.Settings(variant, 16, 12), 300, 1, 64, 40, 129);
        AssertSame(run, isa);
    }

    [Theory]
    [MemberData(nameof(VectorSets))]
    public void LargeScoresDoNotOverflow(Isa isa)
    {
        using var run = new AttentionCase(AttentionCase.Plain(1, 1, 8, 8), 200);
        run.X = Array.ConvertAll(run.X, static v => v * 10);
        AssertSame(run, isa, tolerance: 5e-4f);
        Assert.All(run.Output, static v => Assert.True(float.IsFinite(v)));
    }

    [Theory]
    [MemberData(nameof(VectorSets))]
    public void AnyNumberOfThreadsGivesTheSameBits(Isa isa)
    {
        foreach (string variant in new[] { "grouped", "multi-query", "alibi", "window", "bidirectional", "dropout" })
        {
            AssertSameForAnyNumberOfThreads(isa, AttentionTests.Settings(variant, 24, 24), 300, 23, 1, 130);

            // One sequence: too few heads for the workers, so the gradients are made in two passes.
            AssertSameForAnyNumberOfThreads(isa, AttentionTests.Settings(variant, 24, 24), 600);
        }
    }

    private static void AssertSameForAnyNumberOfThreads(Isa isa, AttentionSettings settings, params int[] lengths)
    {
        InstructionSet.Current = isa;
        using var run = new AttentionCase(settings, lengths);
        WorkerPool.Resize(1);
        run.Run();
        (float[] output, float[] gradient) = (run.Output, run.Gradient);
        foreach (int workers in new[] { 2, 3, 8 })
        {
            WorkerPool.Resize(workers);
            run.Run();
            Assert.Equal(output, run.Output);
            Assert.Equal(gradient, run.Gradient);
        }
    }

    [Theory]
    [MemberData(nameof(SetsAndVariants))]
    public void SequenceDoesNotNoticeItsBatch(Isa isa, string variant)
    {
        InstructionSet.Current = isa;
        int[] lengths = [5, 300, 1, 64, 0, 130];
        using AttentionCase batch = new AttentionCase(AttentionTests.Settings(variant, 9, 20), lengths).Run();
        int row = 0;
        foreach (int length in lengths)
        {
            using var alone = new AttentionCase(batch.Settings, length);
            alone.X = batch.X[(row * batch.Columns)..((row + length) * batch.Columns)];
            alone.Run();
            Assert.Equal(alone.Output, batch.Output[(row * batch.OutputColumns)..((row + length) * batch.OutputColumns)]);
            Assert.Equal(alone.Gradient, batch.Gradient[(row * batch.Columns)..((row + length) * batch.Columns)]);
            row += length;
        }
    }

    [Fact]
    public void SteadyStepAllocatesNothing()
    {
        using var tape = new Tape();
        using var cache = new KeyValueCache(1, 16, 16);
        var sequences = new SequenceLayout();
        var table = new RotaryTable([1f, 0.1f, 0.01f, 0.001f]);
        cache.SlotsOfStep = [cache.AddSequence(), cache.AddSequence()];
        AttentionSettings settings = AttentionCase.Plain(2, 2, 8, 8);
        long allocated = 0;
        for (int i = 0; i < 30; i++)
        {
            long step = TrainingStep(tape, sequences, settings, table) + DecodingStep(tape, sequences, settings, cache);
            allocated += i < 10 ? 0 : step;
        }

        Assert.Equal(0, allocated);
    }

    [Fact]
    public void MemoryGrowsWithTheSequenceNotItsSquare()
    {
        using var tape = new Tape { Mode = TapeMode.Recording };
        var sequences = new SequenceLayout();
        sequences.Add(4096);
        Tensor x = tape.NewTensor(4096, 24, sequences, requiresGrad: true);
        x.Span.Fill(0.1f);
        long before = tape.Arena.BytesInUse;
        Op.Attention(tape, x, new HeadLayout(0, 8), x, new HeadLayout(8, 8), x, new HeadLayout(16, 8), AttentionCase.Plain(1, 1, 8, 8));
        Assert.True(tape.Arena.BytesInUse - before < 4096 * 64);
    }

    private static unsafe long TrainingStep(Tape tape, SequenceLayout sequences, AttentionSettings settings, RotaryTable table)
    {
        tape.Reset();
        tape.Mode = TapeMode.Recording;
        sequences.Clear();
        sequences.Add(40);
        sequences.Add(3);
        Tensor x = tape.NewTensor(43, 48, sequences, requiresGrad: true);
        x.Span.Fill(0.3f);
        Tensor logSums = tape.NewTensor(43, settings.Heads, sequences, requiresGrad: false);
        logSums.Span.Fill(10);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Op.Rotary(tape, x, new HeadLayout(0, 8), 4, table, interleaved: false);
        Tensor y = Op.Attention(tape, x, new HeadLayout(0, 8), x, new HeadLayout(16, 8), x, new HeadLayout(32, 8), settings);
        float* gradient = tape.GradientOrZeros(x);
        var operands = new AttentionOperands(x, new HeadLayout(0, 8), x, new HeadLayout(16, 8), x, new HeadLayout(32, 8), settings);
        AttentionBackward.Run(operands, y, logSums, y.Data, gradient, gradient, gradient);
        return GC.GetAllocatedBytesForCurrentThread() - before;
    }

    private static long DecodingStep(Tape tape, SequenceLayout sequences, AttentionSettings settings, KeyValueCache cache)
    {
        tape.Reset();
        tape.Mode = TapeMode.Inference;
        sequences.Clear();
        foreach (int slot in cache.SlotsOfStep)
        {
            sequences.Add(1, cache.LengthOf(slot));
        }

        Tensor x = tape.NewTensor(2, 48, sequences, requiresGrad: false);
        x.Span.Fill(0.3f);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Op.CachedAttention(tape, x, new HeadLayout(0, 8), x, new HeadLayout(16, 8), x, new HeadLayout(32, 8), settings, cache, 0);
        cache.Commit();
        return GC.GetAllocatedBytesForCurrentThread() - before;
    }

    private static void AssertSame(AttentionCase run, Isa isa, float tolerance = 1e-5f)
    {
        InstructionSet.Current = Isa.Scalar;
        run.Run();
        (float[] output, float[] gradient) = (run.Output, run.Gradient);
        InstructionSet.Current = isa;
        run.Run();
        AssertClose(output, run.Output, tolerance);
        AssertClose(gradient, run.Gradient, 4 * tolerance);
    }

    private static void AssertClose(float[] expected, float[] actual, float tolerance)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (int i = 0; i < expected.Length; i++)
        {
            Assert.True(MathF.Abs(expected[i] - actual[i]) <= tolerance * MathF.Max(1, MathF.Abs(expected[i])), $"element {i}: {actual[i]}, not {expected[i]}");
        }
    }
}
