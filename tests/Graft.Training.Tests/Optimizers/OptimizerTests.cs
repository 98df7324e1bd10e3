using Graft.Training.Optimizers;

namespace Graft.Training.Tests.Optimizers;

/// <summary>What holds for every optimizer.</summary>
public class OptimizerTests
{
    private static readonly Dictionary<string, Func<ParameterSlot[], ParameterGroup[], Optimizer>> Elementwise = new()
    {
        ["Adam"] = (slots, groups) => new Adam(slots, groups),
        ["AdamW"] = (slots, groups) => new AdamW(slots, groups),
        ["AdamW AMSGrad"] = (slots, groups) => new AdamW(slots, groups, new AdamOptions(AmsGrad: true)),
        ["SGD"] = (slots, groups) => new Sgd(slots, groups),
        ["SGD momentum"] = (slots, groups) => new Sgd(slots, groups, new SgdOptions(Momentum: 0.9, Dampening: 0.2)),
        ["SGD Nesterov"] = (slots, groups) => new Sgd(slots, groups, new SgdOptions(Momentum: 0.9, Nesterov: true)),
    };

    public static TheoryData<string> ElementwiseNames => [.. Elementwise.Keys];

    [Theory]
    [MemberData(nameof(ElementwiseNames))]
    public void Vector_lanes_and_scalar_lanes_give_the_same_bits(string name)
    {
        // One parameter of 103 elements runs in vectors, 103 parameters of one element run in scalars.
        const int Count = 103;
        ParameterGroup[] group = [new ParameterGroup(0.05, 0.1)];
        using Optimizer wide = Elementwise[name](OptimizerRuns.OneVector(Count), group);
        using Optimizer scalar = Elementwise[name](ParameterSlot.Pack(Enumerable.Range(0, Count).Select(i => ($"w{i}", new[] { 1 }, 0))), group);
        float[] first = OptimizerRuns.Noise(Count, 3);
        float[] second = [.. first];
        OptimizerRuns.Take(wide, first, 0, 6);
        OptimizerRuns.Take(scalar, second, 0, 6);
        Assert.Equal(first, second);
    }

    [Theory]
    [MemberData(nameof(ElementwiseNames))]
    public void Restored_state_goes_on_bit_for_bit(string name)
    {
        const int Count = 50;
        ParameterGroup[] group = [new ParameterGroup(0.05, 0.1)];
        using Optimizer whole = Elementwise[name](OptimizerRuns.OneVector(Count), group);
        using Optimizer before = Elementwise[name](OptimizerRuns.OneVector(Count), group);
        using Optimizer after = Elementwise[name](OptimizerRuns.OneVector(Count), group);
        float[] uninterrupted = OptimizerRuns.Noise(Count, 3);
        float[] resumed = [.. uninterrupted];
        OptimizerRuns.Take(whole, uninterrupted, 0, 9);
        OptimizerRuns.Take(before, resumed, 0, 4);
        OptimizerRuns.CopyState(before, after);
        OptimizerRuns.Take(after, resumed, 4, 9);
        Assert.Equal(uninterrupted, resumed);
    }

    [Theory]
    [MemberData(nameof(ElementwiseNames))]
    public unsafe void Tiles_may_be_taken_in_any_order(string name)
    {
        const int Count = 40_000;
        ParameterGroup[] group = [new ParameterGroup(0.05, 0.1)];
        using Optimizer inOrder = Elementwise[name](OptimizerRuns.OneVector(Count), group);
        using Optimizer backwards = Elementwise[name](OptimizerRuns.OneVector(Count), group);
        float[] first = OptimizerRuns.Noise(Count, 3);
        float[] second = [.. first];
        float[] gradients = OptimizerRuns.Noise(Count, 4);
        inOrder.Step(first, gradients);
        backwards.Begin();
        Assert.True(backwards.TileCount > 1);
        fixed (float* parameter = second)
        fixed (float* gradient = gradients)
        {
            for (int tile = backwards.TileCount - 1; tile >= 0; tile--)
            {
                backwards.Update(parameter, gradient, tile, tile + 1);
            }
        }

        Assert.Equal(first, second);
    }

    [Fact]
    public void A_step_allocates_nothing()
    {
        using var optimizer = new AdamW(OptimizerRuns.OneVector(1000), [new ParameterGroup(0.1)]);
        float[] parameters = new float[1000];
        float[] gradients = OptimizerRuns.Noise(1000, 1);
        optimizer.Step(parameters, gradients);
        long before = GC.GetAllocatedBytesForCurrentThread();
        optimizer.Step(parameters, gradients);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Fact]
    public void Overlapping_parameters_are_refused()
    {
        ParameterSlot[] slots = [new("a", 0, [4], 0), new("b", 3, [4], 0)];
        ArgumentException error = Assert.Throws<ArgumentException>(() => new Sgd(slots, [new ParameterGroup(0.1)]));
        Assert.Contains("'b'", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_group_that_does_not_exist_is_refused()
        => Assert.Throws<ArgumentException>(() => new Sgd([new("a", 0, [4], 1)], [new ParameterGroup(0.1)]));

    [Fact]
    public void Short_buffers_are_refused()
    {
        using var optimizer = new Sgd(OptimizerRuns.OneVector(4), [new ParameterGroup(0.1)]);
        Assert.Throws<ArgumentException>(() => optimizer.Step(new float[4], new float[3]));
    }
}
