using Graft.Tensors.Assembly;
using Graft.Tensors.Kernels;
using Graft.Tensors.Tests.Assembly;
using Graft.Tensors.Threading;

namespace Graft.Tensors.Tests;

/// <summary>Attention with bf16 kernels: its products bit by bit, and the whole op beside the fp32 kernels on the same rounded numbers.</summary>
public sealed unsafe class AttentionBFloat16Tests : IDisposable
{
    private readonly int _workers = WorkerPool.Shared.WorkerCount;

    public AttentionBFloat16Tests() => AssembledKernels.IsExact = true;

    public static TheoryData<string> Variants => ["plain", "grouped", "multi-query", "alibi", "falcon alibi", "window", "bidirectional", "bidirectional window", "soft cap", "dropout"];

    public void Dispose()
    {
        AssembledKernels.IsExact = false;
        AssembledKernels.IsEnabled = true;
        InstructionSet.Current = InstructionSet.Best;
        WorkerPool.Resize(_workers);
    }

    [SkippableTheory]
    [InlineData("in use")]
    [InlineData("vectors")]
    [InlineData("wide")]
    [InlineData("narrow")]
    [InlineData("amx")]
    [InlineData("amx emulated")]
    [InlineData("amx here")]
    public void Products_have_the_bits_of_the_definition(string name)
    {
        ProductTile tile = name switch
        {
            "in use" => BFloat16Tile.Current,
            "vectors" => BFloat16ManagedTile.Vectors,
            "wide" => PlainTile.Wide(isInteger: false),
            "amx" => PlainTile.Amx(isInteger: false),
            "amx emulated" => new EmulatedTile(AssembledTile.BFloat16Amx),
            "amx here" => AmxHere.Tile(isInteger: false),
            _ => PlainTile.Narrow(isInteger: false),
        };
        var random = new Random(3);
        foreach ((int rows, int lanes, int depth) in new[] { (4, 16, 1), (12, 32, 7), (128, 64, 64), (64, 48, 128), (20, 16, 257), (132, 16, 33) })
        {
            foreach (bool alongRows in new[] { true, false })
            {
                using NativeBuffer a = alongRows ? new NativeBuffer(rows, depth, depth + 4).Fill(random) : new NativeBuffer(depth, rows, rows + 4).Fill(random);
                using NativeBuffer b = new NativeBuffer(depth, lanes, lanes).Fill(random);
                using NativeBuffer expected = new NativeBuffer(rows, lanes, lanes).Fill(random);
                using NativeBuffer actual = expected.Clone();
                using NativeBuffer left = new NativeBuffer(rows, depth, depth);
                for (int i = 0; i < rows; i++)
                {
                    for (int p = 0; p < depth; p++)
                    {
                        left[i, p] = alongRows ? a[i, p] : a[p, i];
                    }
                }

                ReferenceGemm.MultiplyBFloat16(left, new WeightView(b.Data, depth, lanes), transposed: false, expected, accumulate: true, byTiles: tile.IsRowMajor);
                (nint rowStride, nint depthStride) = alongRows ? ((nint)a.Stride, (nint)1) : (1, (nint)a.Stride);
                BFloat16LaneProduct.Multiply(tile, rows, lanes, depth, a.Data, rowStride, depthStride, b.Data, lanes, actual.Data, lanes, accumulate: true);
                actual.AssertSameBits(expected, $"{name} {rows}x{lanes}x{depth}, along rows {alongRows}");
            }
        }
    }

    [Theory]
    [MemberData(nameof(Variants))]
    public void It_is_as_close_as_rounding_allows_to_the_fp32_kernels(string variant)
    {
        using AttentionCase exact = Run(variant, isExact: true);
        using AttentionCase other = Run(variant, isExact: false);
        AssertClose(other.Output, exact.Output);
        AssertClose(other.Gradient, exact.Gradient);
        Assert.NotEqual(other.Output, exact.Output);
    }

    [Theory]
    [MemberData(nameof(Variants))]
    public void Assembled_kernels_threads_and_the_batch_change_no_bit(string variant)
    {
        using AttentionCase assembled = Run(variant, isExact: true);
        AssembledKernels.IsEnabled = false;
        WorkerPool.Resize(1);
        using AttentionCase managed = Run(variant, isExact: true);
        Assert.Equal(assembled.Output, managed.Output);
        Assert.Equal(assembled.Gradient, managed.Gradient);
        WorkerPool.Resize(7);
        using AttentionCase many = Run(variant, isExact: true);
        Assert.Equal(assembled.Gradient, many.Gradient);
        if (variant == "dropout")
        {
            return; // It draws by what a sequence is called.
        }

        using AttentionCase alone = Run(variant, isExact: true, only: 0);
        Assert.Equal(assembled.Output[..alone.Output.Length], alone.Output);
        Assert.Equal(assembled.Gradient[..alone.Gradient.Length], alone.Gradient);
    }

    [Fact]
    public void Short_sequences_keep_the_fp32_kernels()
    {
        using AttentionCase exact = Run("plain", isExact: true, only: 1);
        using AttentionCase other = Run("plain", isExact: false, only: 1);
        Assert.Equal(other.Output, exact.Output);
        Assert.Equal(other.Gradient, exact.Gradient);
    }

    private static AttentionCase Run(string variant, bool isExact, int? only = null)
    {
        AssembledKernels.IsExact = isExact;
        int[] lengths = [300, BFloat16LaneProduct.LeastKeys - 1, BFloat16LaneProduct.LeastKeys, 131];
        var all = new AttentionCase(AttentionTests.Settings(variant, 24, 20), only is int index ? [lengths[index]] : lengths);
        all.Tape.Precision = ComputePrecision.BFloat16;
        return all.Run();
    }

    private static void AssertClose(float[] expected, float[] actual)
    {
        double dot = 0, left = 0, right = 0;
        for (int i = 0; i < expected.Length; i++)
        {
            dot += (double)expected[i] * actual[i];
            left += (double)expected[i] * expected[i];
            right += (double)actual[i] * actual[i];
        }

        Assert.InRange(dot / Math.Sqrt(left * right), 0.99999, 1.00001);
        Assert.InRange(right / left, 0.999, 1.001);
    }
}
