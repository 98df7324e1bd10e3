using Graft.Tensors;

namespace Graft.Tensors.Tests;

public class ActivationTests
{
    public static TheoryData<ActivationKind> Kinds => [.. Enum.GetValues<ActivationKind>()];

    public static TheoryData<ActivationKind> Functions => [.. Enum.GetValues<ActivationKind>().Where(kind => kind != ActivationKind.Identity)];

    [Fact]
    public void The_identity_is_the_input_itself()
    {
        using var tape = new Tape();
        Tensor x = TestData.Leaf(tape, TestData.Layout(1), new float[3]);
        Assert.Same(x, Op.Activation(tape, x, ActivationKind.Identity));
    }

    [Theory]
    [MemberData(nameof(Functions))]
    public void Activation_matches_the_reference_and_its_differences(ActivationKind kind)
        => FiniteDifference.Check(
            TestData.Layout(3, 4),
            [TestData.Uniform(7 * 19, 5, 4)],
            [],
            (tape, x) => Op.Activation(tape, x[0], kind),
            v => [.. v[0].Select(x => Value(kind, x))]);

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Gated_activation_matches_the_reference_and_its_differences(ActivationKind kind)
        => FiniteDifference.Check(
            TestData.Layout(3, 4),
            [TestData.Uniform(7 * 19, 5, 4), TestData.Uniform(7 * 19, 6, 2)],
            [],
            (tape, x) => Op.GatedActivation(tape, x[0], x[1], kind),
            v => [.. v[0].Zip(v[1], (gate, up) => Value(kind, gate) * up)]);

    [Theory]
    [InlineData("gelu_new", ActivationKind.GeluTanh)]
    [InlineData("gelu", ActivationKind.Gelu)]
    [InlineData("swish", ActivationKind.Silu)]
    public void Names_are_those_of_Transformers(string name, ActivationKind kind) => Assert.Equal(kind, ActivationKinds.Parse(name));

    [Fact]
    public void An_unknown_name_is_refused_with_the_known_ones()
    {
        ArgumentException e = Assert.Throws<ArgumentException>(() => ActivationKinds.Parse("geluu"));
        Assert.Contains("geluu", e.Message, StringComparison.Ordinal);
        Assert.Contains("quick_gelu", e.Message, StringComparison.Ordinal);
    }

    internal static double Value(ActivationKind kind, double x) => kind switch
    {
        ActivationKind.Identity => x,
        ActivationKind.Relu => Math.Max(x, 0),
        ActivationKind.Gelu => 0.5 * x * (1 + DoubleMath.Erf(x / Math.Sqrt(2))),
        ActivationKind.GeluTanh => 0.5 * x * (1 + Math.Tanh(Math.Sqrt(2 / Math.PI) * (x + (0.044715 * x * x * x)))),
        ActivationKind.QuickGelu => x / (1 + Math.Exp(-1.702 * x)),
        ActivationKind.Silu => x / (1 + Math.Exp(-x)),
        ActivationKind.Tanh => Math.Tanh(x),
        ActivationKind.Sigmoid => 1 / (1 + Math.Exp(-x)),
        ActivationKind.Relu2 => Math.Max(x, 0) * Math.Max(x, 0),
        _ => throw new ArgumentOutOfRangeException(nameof(kind)),
    };
}
