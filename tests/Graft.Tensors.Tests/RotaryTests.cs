using Xunit;

namespace Graft.Tensors.Tests;

public sealed unsafe class RotaryTests
{
    [Theory]
    [InlineData(false, 3)]
    [InlineData(true, 3)]
    [InlineData(false, 37)]
    [InlineData(true, 37)]
    public void RotatesByTheRowsPosition(bool interleaved, int pairs)
    {
        float[] frequencies = Frequencies(pairs);
        var table = new RotaryTable(frequencies, attentionFactor: 1.25f);
        int headDim = (2 * pairs) + 1;
        using var tape = new Tape();
        SequenceLayout sequences = TwoSequences();
        Tensor x = tape.NewTensor(sequences.Rows, (2 * headDim) + 2, sequences, requiresGrad: false);
        Fill(x.Span);
        float[] before = x.Span.ToArray();
        Assert.Same(x, Op.Rotary(tape, x, new HeadLayout(1, headDim), 2, table, interleaved));
        double[] expected = Rotated(before, x.Columns, sequences, headDim, frequencies, 1.25, interleaved);
        for (int i = 0; i < expected.Length; i++)
        {
            Assert.Equal(expected[i], x.Span[i], 1e-4);
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void GradientRotatesBack(bool interleaved)
    {
        const int Pairs = 9;
        float[] frequencies = Frequencies(Pairs);
        var table = new RotaryTable(frequencies, 0.5f);
        using var tape = new Tape { Mode = TapeMode.Recording };
        SequenceLayout sequences = TwoSequences();
        Tensor x = tape.NewTensor(sequences.Rows, 20, sequences, requiresGrad: true);
        Tensor zero = tape.NewTensor(sequences.Rows, 20, sequences, requiresGrad: false);
        Fill(x.Span);
        zero.Span.Clear();
        Tensor y = Op.Rotary(tape, Op.Add(tape, x, zero), new HeadLayout(1, 18), 1, table, interleaved);
        var weights = new float[y.Span.Length];
        Fill(weights);
        weights.AsSpan().Reverse();
        weights.CopyTo(new Span<float>(tape.GradientOf(y, out _), weights.Length));
        tape.Backward();

        // A rotation is linear: its derivative against each input is the difference of two outputs.
        float[] values = new float[weights.Length];
        double[] atZero = Rotated(values, 20, sequences, 18, frequencies, 0.5, interleaved);
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = 1;
            double[] at = Rotated(values, 20, sequences, 18, frequencies, 0.5, interleaved);
            values[i] = 0;
            double expected = 0;
            for (int j = 0; j < at.Length; j++)
            {
                expected += (at[j] - atZero[j]) * weights[j];
            }

            Assert.Equal(expected, x.Gradient[i], 1e-4);
        }
    }

    [Fact]
    public void TableGrowsWithoutChangingEarlierRows()
    {
        var table = new RotaryTable(Frequencies(4));
        float[] first = new Span<float>(table.Rows(0, 10, out object owner), 80).ToArray();
        float[] again = new Span<float>(table.Rows(0, 5000, out object grown), 80).ToArray();
        Assert.Equal(first, again);
        Assert.NotSame(owner, grown);
        GC.KeepAlive(owner);
        GC.KeepAlive(grown);
    }

    [Fact]
    public void HeadsBeyondTheMatrixAreRefused()
    {
        using var tape = new Tape();
        SequenceLayout sequences = TwoSequences();
        Tensor x = tape.NewTensor(sequences.Rows, 7, sequences, requiresGrad: false);
        Assert.Throws<ArgumentException>(() => Op.Rotary(tape, x, new HeadLayout(0, 4), 2, new RotaryTable(Frequencies(2)), interleaved: false));
    }

    private static float[] Frequencies(int pairs)
    {
        var frequencies = new float[pairs];
        for (int i = 0; i < pairs; i++)
        {
            frequencies[i] = MathF.Pow(10000, -i / (float)pairs);
        }

        return frequencies;
    }

    private static SequenceLayout TwoSequences()
    {
        var sequences = new SequenceLayout();
        sequences.Add(3);
        sequences.Add(4, firstPosition: 290);
        return sequences;
    }

    private static void Fill(Span<float> values)
    {
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = MathF.Sin((i * 1.3f) + 0.2f);
        }
    }

    private static double[] Rotated(float[] x, int columns, SequenceLayout sequences, int headDim, float[] frequencies, double factor, bool interleaved)
    {
        double[] y = Array.ConvertAll(x, static v => (double)v);
        int pairs = frequencies.Length;
        for (int row = 0; row < sequences.Rows; row++)
        {
            for (int head = 0; 1 + ((head + 1) * headDim) <= columns; head++)
            {
                int start = (row * columns) + 1 + (head * headDim);
                for (int i = 0; i < pairs; i++)
                {
                    (int first, int second) = interleaved ? (start + (2 * i), start + (2 * i) + 1) : (start + i, start + i + pairs);
                    (double sin, double cos) = Math.SinCos((double)sequences.Positions[row] * frequencies[i]);
                    y[first] = factor * ((x[first] * cos) - (x[second] * sin));
                    y[second] = factor * ((x[second] * cos) + (x[first] * sin));
                }
            }
        }

        return y;
    }
}
