using Graft.Tensors;

namespace Graft.Tensors.Tests;

/// <summary>A batch gives the same bits as its sequences one after the other: outputs, input gradients and parameter gradients of every op.</summary>
public class BatchInvarianceTests
{
    private const int Features = 45;
    private const int Vocabulary = 300;
    private static readonly int[] Lengths = [7, 1, 300, 0, 64];

    private delegate Tensor Operation(Tape tape, Tensor x, Parameter[] parameters);

    [Fact]
    public void Layer_norm() => Check((tape, x, p) => Op.LayerNorm(tape, x, p[0], p[1], 1e-5f), [Features], [Features]);

    [Fact]
    public void Rms_norm() => Check((tape, x, p) => Op.RmsNorm(tape, x, p[0], 1e-5f), [Features]);

    [Fact]
    public void Linear() => Check((tape, x, p) => Op.Linear(tape, x, p[0], p[1]), [50, Features], [50]);

    [Fact]
    public void Linear_of_an_in_out_weight() => Check((tape, x, p) => Op.Linear(tape, x, p[0], p[1], LinearLayout.InOut), [Features, 50], [50]);

    [Fact]
    public void Activations_and_dropout() => Check(
        (tape, x, p) =>
        {
            tape.RandomOrdinal = 0;
            Tensor y = Op.LayerNorm(tape, x, p[0], null, 1e-5f);
            return Op.Dropout(tape, Op.GatedActivation(tape, y, Op.Activation(tape, x, ActivationKind.Tanh), ActivationKind.GeluTanh), 0.2f);
        },
        [Features]);

    [Theory]
    [InlineData(Vocabulary)]
    [InlineData(100_003)]
    public void Linear_cross_entropy(int vocabulary)
    {
        // With 100,003 tokens a chunk has 167 rows: sequences are cut, and chunks end before a sequence that does not fit.
        int features = vocabulary == Vocabulary ? Features : 3;
        SequenceLayout batch = TestData.Layout(Lengths);
        float[] input = TestData.Uniform(batch.Rows * features, 1, 2);
        int[] targets = [.. Enumerable.Range(0, batch.Rows).Select(i => i % 5 == 0 ? -100 : i * 7919 % vocabulary)];
        Parameter head = TestData.Parameter("head", TestData.Uniform(vocabulary * features, 2), vocabulary, features);
        Parameter bias = TestData.Parameter("bias", TestData.Uniform(vocabulary, 3));
        using var buffer = new ParameterBuffer([head, bias]);
        using var tape = new Tape { Mode = TapeMode.Recording };

        (LossSum Sum, float[] Gradient, float[] Losses) Run(SequenceLayout layout, float[] values, int[] labels)
        {
            Tensor x = TestData.Leaf(tape, layout, values);
            var losses = new float[labels.Length];
            LossSum sum = Op.LinearCrossEntropy(tape, x, labels, head, bias, 0.01, tokenLosses: losses);
            float[] gradient = TestData.Gradient(x);
            tape.Reset();
            return (sum, gradient, losses);
        }

        (LossSum together, float[] inputGradient, float[] tokenLosses) = Run(batch, input, targets);
        float[] parameterGradients = [.. TestData.Gradient(head), .. TestData.Gradient(bias)];
        buffer.ClearGradients();
        double sum = 0;
        for (int s = 0; s < batch.Count; s++)
        {
            (int start, int end) = (batch.Offsets[s], batch.Offsets[s + 1]);
            if (start < end)
            {
                (LossSum one, float[] gradient, float[] losses) = Run(TestData.Single(batch, s), input[(start * features)..(end * features)], targets[start..end]);
                sum += one.Sum;
                Assert.Equal(inputGradient[(start * features)..(end * features)], gradient);
                Assert.Equal(tokenLosses[start..end], losses);
            }
        }

        Assert.Equal(together.Sum, sum);
        Assert.Equal<float[]>(parameterGradients, [.. TestData.Gradient(head), .. TestData.Gradient(bias)]);
    }

    private static void Check(Operation operation, params int[][] shapes)
    {
        SequenceLayout batch = TestData.Layout(Lengths);
        float[] input = TestData.Uniform(batch.Rows * Features, 1, 2);
        Parameter[] parameters = [.. shapes.Select((s, i) => TestData.Parameter($"p{i}", TestData.Uniform(s.Aggregate(1, (a, b) => a * b), (ulong)i + 5), s))];
        using var buffer = new ParameterBuffer(parameters);
        using var tape = new Tape { Mode = TapeMode.Recording, RandomSeed = 11 };
        float[]? cotangents = null;

        (float[] Output, float[] Gradient) Run(SequenceLayout layout, float[] values, int firstRow)
        {
            Tensor x = TestData.Leaf(tape, layout, values);
            Tensor y = operation(tape, x, parameters);
            cotangents ??= TestData.Uniform(batch.Rows * y.Columns, 9);
            TestData.Seed(tape, y, cotangents.AsSpan(firstRow * y.Columns, y.Rows * y.Columns));
            float[] output = y.Span.ToArray();
            tape.Backward();
            float[] gradient = TestData.Gradient(x);
            tape.Reset();
            return (output, gradient);
        }

        (float[] allOutput, float[] allGradient) = Run(batch, input, 0);
        float[][] expected = [.. parameters.Select(TestData.Gradient)];
        Assert.Contains(expected[0], g => g != 0);
        buffer.ClearGradients();
        var outputs = new List<float>();
        var gradients = new List<float>();
        for (int s = 0; s < batch.Count; s++)
        {
            (int start, int end) = (batch.Offsets[s], batch.Offsets[s + 1]);
            if (start < end)
            {
                (float[] output, float[] gradient) = Run(TestData.Single(batch, s), input[(start * Features)..(end * Features)], start);
                outputs.AddRange(output);
                gradients.AddRange(gradient);
            }
        }

        Assert.Equal(allOutput, outputs);
        Assert.Equal(allGradient, gradients);
        for (int i = 0; i < parameters.Length; i++)
        {
            Assert.Equal(expected[i], TestData.Gradient(parameters[i]));
        }
    }
}
