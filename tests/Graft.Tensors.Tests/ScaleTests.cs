using Xunit;

namespace Graft.Tensors.Tests;

public sealed class ScaleTests
{
    [Fact]
    public void MatchesTheReferenceAndItsDifferences()
        => FiniteDifference.Check(
            TestData.Layout(2, 3),
            [TestData.Uniform(5 * 7, 3)],
            [],
            (tape, x) => Op.Scale(tape, Op.Activation(tape, x[0], ActivationKind.Tanh), 0.25f),
            v => [.. v[0].Select(x => Math.Tanh(x) * 0.25)]);
}
