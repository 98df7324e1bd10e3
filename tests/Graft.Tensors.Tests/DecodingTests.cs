using Graft.Tensors.Kernels;

namespace Graft.Tensors.Tests;

/// <summary>Decoding products: a row's bits are its own, and its numbers those of the other kernels.</summary>
public class DecodingTests
{
    private const int Inputs = 77;
    private const int Outputs = 53;

    [Theory]
    [InlineData(LinearLayout.OutIn)]
    [InlineData(LinearLayout.InOut)]
    public void Linear_and_lora_of_a_row_do_not_depend_on_the_others(LinearLayout layout)
    {
        float[] all = Run(layout, 0, 19, decoding: true);
        float[] usual = Run(layout, 0, 19, decoding: false);
        for (int i = 0; i < all.Length; i++)
        {
            Assert.Equal(usual[i], all[i], 1e-4f);
        }

        foreach ((int first, int count) in new[] { (0, 1), (3, 1), (5, 2), (7, 8), (2, 17) })
        {
            Assert.Equal(all[(first * Outputs)..((first + count) * Outputs)], Run(layout, first, count, decoding: true));
        }
    }

    private static unsafe float[] Run(LinearLayout layout, int first, int count, bool decoding)
    {
        Parameter weight = layout == LinearLayout.OutIn
            ? TestData.Parameter("w", TestData.Uniform(Outputs * Inputs, 1), Outputs, Inputs)
            : TestData.Parameter("w", TestData.Uniform(Outputs * Inputs, 1), Inputs, Outputs);
        Parameter a = TestData.Parameter("a", TestData.Uniform(6 * Inputs, 2), 6, Inputs);
        Parameter b = TestData.Parameter("b", TestData.Uniform(Outputs * 6, 3), Outputs, 6);
        using var tape = new Tape { Decoding = decoding };
        var sequences = new SequenceLayout();
        for (int i = 0; i < count; i++)
        {
            sequences.Add(1, first + i);
        }

        Tensor x = tape.NewTensor(count, Inputs, sequences, requiresGrad: false);
        TestData.Uniform(19 * Inputs, 4).AsSpan(first * Inputs, count * Inputs).CopyTo(x.Span);
        Tensor y = Op.Linear(tape, x, weight, null, layout);
        Op.Lora(tape, x, y, a, b, null, 0.5f, 0);
        return y.Span.ToArray();
    }
}
