using Graft.Training.Optimizers;

namespace Graft.Training.Tests.Optimizers;

public class SgdTests
{
    [Fact]
    public void Momentum_starts_with_the_undampened_gradient()
    {
        using var optimizer = new Sgd(OptimizerRuns.OneVector(1), [new ParameterGroup(1)], new SgdOptions(Momentum: 0.5, Dampening: 0.25));
        float[] parameter = [0];
        optimizer.Step(parameter, [4]);
        Assert.Equal(-4, parameter[0]);
        optimizer.Step(parameter, [4]);
        Assert.Equal(-4 - ((0.5f * 4) + (0.75f * 4)), parameter[0]);
    }

    [Fact]
    public void Nesterov_looks_ahead()
    {
        using var optimizer = new Sgd(OptimizerRuns.OneVector(1), [new ParameterGroup(1)], new SgdOptions(Momentum: 0.5, Nesterov: true));
        float[] parameter = [0];
        optimizer.Step(parameter, [4]);
        Assert.Equal(-6, parameter[0]);
    }

    [Fact]
    public void Weight_decay_is_part_of_the_gradient()
    {
        using var optimizer = new Sgd(OptimizerRuns.OneVector(1), [new ParameterGroup(0.5, 0.25)]);
        float[] parameter = [8];
        optimizer.Step(parameter, [1]);
        Assert.Equal(8 - (0.5f * (1 + (0.25f * 8))), parameter[0]);
    }

    [Fact]
    public void Nesterov_without_momentum_is_refused()
        => Assert.Throws<ArgumentException>(() => new Sgd(OptimizerRuns.OneVector(1), [new ParameterGroup(1)], new SgdOptions(Nesterov: true)));
}
