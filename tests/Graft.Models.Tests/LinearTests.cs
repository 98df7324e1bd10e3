using Graft.Tensors;

namespace Graft.Models.Tests;

/// <summary>Layers that share their input.</summary>
public sealed class LinearTests
{
    [Theory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public void Layers_on_one_input_give_what_each_gives_alone(bool decoding, bool plug)
    {
        Linear first = Layer("first", 5, LinearLayout.OutIn), second = Layer("second", 3, LinearLayout.OutIn), third = Layer("third", 4, LinearLayout.InOut);
        if (plug)
        {
            second.Plugs.Add(new Doubling());
        }

        using var tape = new Tape { Mode = TapeMode.Inference, Decoding = decoding };
        var context = new ForwardContext(tape);
        context.Begin();
        context.AddSequence([1, 2]);
        Tensor x = tape.NewTensor(2, 16, context.Sequences, requiresGrad: false);
        for (int i = 0; i < 32; i++)
        {
            x.Span[i] = MathF.Sin(i);
        }

        (Tensor a, Tensor b) = Linear.Forward(context, x, first, second);
        AssertSame(first.Forward(context, x), a);
        AssertSame(second.Forward(context, x), b);
        (a, b, Tensor c) = Linear.Forward(context, x, second, first, third);
        AssertSame(second.Forward(context, x), a);
        AssertSame(first.Forward(context, x), b);
        AssertSame(third.Forward(context, x), c);
        (a, b, c) = Linear.Forward(context, x, second, first, second);
        AssertSame(second.Forward(context, x), a);
        AssertSame(first.Forward(context, x), b);
        AssertSame(second.Forward(context, x), c);
    }

    private static void AssertSame(Tensor expected, Tensor actual) => Assert.Equal(expected.Span.ToArray(), actual.Span.ToArray());

    private static Linear Layer(string name, int outputs, LinearLayout layout)
    {
        int[] shape = layout == LinearLayout.OutIn ? [outputs, 16] : [16, outputs];
        return new Linear(name, Filled($"{name}.weight", shape), Filled($"{name}.bias", [outputs]), layout);
    }

    private static Parameter Filled(string name, int[] shape)
    {
        Parameter parameter = Parameter.Create(name, shape);
        for (int i = 0; i < parameter.Values.Length; i++)
        {
            parameter.Values[i] = MathF.Cos(i + name.Length);
        }

        return parameter;
    }

    private sealed class Doubling : LinearPlug
    {
        public override Tensor TransformOutput(ForwardContext context, Tensor x, Tensor y) => Op.Add(context.Tape, y, y);
    }
}
