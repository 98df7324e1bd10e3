using Graft.Tensors.Threading;

namespace Graft.Tensors.Tests;

/// <summary>Layers that run in one go have the bits of each alone.</summary>
public sealed class LinearTogetherTests : IDisposable
{
    private const int Inputs = 512;

    private readonly int _workers = WorkerPool.Shared.WorkerCount;

    public void Dispose() => WorkerPool.Resize(_workers);

    [Theory]
    [InlineData(1, 1)]
    [InlineData(1, 5)]
    [InlineData(2, 1)]
    [InlineData(3, 4)]
    [InlineData(8, 3)]
    public void Outputs_are_those_of_each_layer(int workers, int rows)
    {
        WorkerPool.Resize(workers);
        (Parameter Weight, Parameter? Bias)[] layers =
        [
            (Stored(DType.BFloat16, 333), TestData.Parameter("b", TestData.Uniform(333, 3), 333)),
            (Quantised("Q4_K", 64), null),
            (Quantised("nf4", 1), TestData.Parameter("b", [0.5f], 1)),
        ];
        using var tape = new Tape { Mode = TapeMode.Inference, Decoding = true };
        Tensor x = TestData.Leaf(tape, TestData.Layout(rows), TestData.Uniform(rows * Inputs, 1), requiresGrad: false);
        foreach (int count in new[] { 1, 2, 3 })
        {
            var outputs = new Tensor[count];
            Op.LinearTogether(tape, x, layers.AsSpan(0, count), outputs);
            for (int i = 0; i < count; i++)
            {
                Tensor alone = Op.QuantizedLinear(tape, x, layers[i].Weight, layers[i].Bias, training: false);
                Assert.Equal(alone.Span.ToArray(), outputs[i].Span.ToArray());
            }
        }
    }

    [Fact]
    public void Only_plain_products_of_decoding_run_together()
    {
        using var decoding = new Tape { Mode = TapeMode.Inference, Decoding = true };
        using var prompt = new Tape { Mode = TapeMode.Inference };
        using var training = new Tape { Mode = TapeMode.Recording, Decoding = true };
        Parameter plain = Stored(DType.Float32, 4);
        Assert.True(Op.RunsTogether(decoding, plain));
        Assert.True(Op.RunsTogether(decoding, Quantised("Q4_0", 4)));
        Assert.False(Op.RunsTogether(prompt, plain));
        Assert.False(Op.RunsTogether(training, plain));
        Assert.False(Op.RunsTogether(decoding, new Parameter("w", [4, 50], QuantizedSamples.Create("int8", 4, 50, seed: 1))));
    }

    [Fact]
    public void Sizes_that_do_not_fit_are_named()
    {
        using var tape = new Tape { Mode = TapeMode.Inference, Decoding = true };
        Tensor x = TestData.Leaf(tape, TestData.Layout(2), TestData.Uniform(2 * 7, 1), requiresGrad: false);
        var outputs = new Tensor[1];
        ArgumentException error = Assert.Throws<ArgumentException>(() => Op.LinearTogether(tape, x, [(Stored(DType.Float32, 4), null)], outputs));
        Assert.Contains("w: 4 x 512", error.Message, StringComparison.Ordinal);
    }

    private static Parameter Stored(DType dtype, int outputs) => StoredParameter.Create(TestData.Uniform(outputs * Inputs, 2, 0.1f), outputs, Inputs, dtype);

    private static Parameter Quantised(string format, int outputs) => new("w", [outputs, Inputs], QuantizedSamples.Create(format, outputs, Inputs, seed: 4));
}
