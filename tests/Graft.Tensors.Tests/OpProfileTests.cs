namespace Graft.Tensors.Tests;

public sealed class OpProfileTests : IDisposable
{
    private const int Tokens = 6;
    private const int In = 40;
    private const int Out = 24;

    public void Dispose() => OpProfile.Active = null;

    [Fact]
    public void Products_are_counted_forward_and_backward()
    {
        var profile = new OpProfile();
        OpProfile.Active = profile;
        RunLinear(recordings: 3);
        OpProfile.Active = null;
        RunLinear(recordings: 1);
        OpCost forward = Assert.Single(profile.Costs, cost => cost is { Name: "linear", IsBackward: false });
        OpCost backward = Assert.Single(profile.Costs, cost => cost is { Name: "linear", IsBackward: true });
        Assert.Equal((3, 3), (forward.Calls, backward.Calls));
        Assert.Equal(3 * 2.0 * Tokens * In * Out, forward.Operations);

        // The gradients of input and weight: two products.
        Assert.Equal(3 * 4.0 * Tokens * In * Out, backward.Operations);
        Assert.True(forward.Bytes > 3 * sizeof(float) * In * Out);
        Assert.True(forward.Seconds > 0);
        profile.Clear();
        Assert.Empty(profile.Costs);
    }

    [Fact]
    public void What_is_inside_counts_once()
    {
        var profile = new OpProfile();
        OpProfile.Active = profile;
        using (OpProfile.Measure("outside"))
        {
            Thread.Sleep(20);
            using (OpProfile.Measure("inside"))
            {
                Thread.Sleep(60);
            }

            RunLinear(recordings: 1);
        }

        OpCost outside = profile.Costs.Single(cost => cost.Name == "outside");
        OpCost inside = profile.Costs.Single(cost => cost.Name == "inside");
        Assert.InRange(inside.Seconds, 0.055, 10);
        Assert.InRange(outside.Seconds, 0.015, inside.Seconds + 10);
        Assert.Equal(0, outside.Operations);
        Assert.Equal(0, inside.Operations);
    }

    [Fact]
    public void Other_threads_are_not_heard()
    {
        var profile = new OpProfile();
        OpProfile.Active = profile;
        var other = new Thread(() => RunLinear(recordings: 1));
        other.Start();
        other.Join();
        Assert.Empty(profile.Costs);
    }

    [Fact]
    public void Nobody_listening_costs_no_memory()
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 100; i++)
        {
            using OpProfile.Span span = OpProfile.Measure("nothing");
        }

        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    private static void RunLinear(int recordings)
    {
        using var tape = new Tape { Mode = TapeMode.Recording };
        Parameter weight = TestData.Parameter("weight", TestData.Uniform(In * Out, 1), Out, In);
        using var buffer = new ParameterBuffer([weight]);
        for (int i = 0; i < recordings; i++)
        {
            tape.Reset();
            Tensor x = TestData.Leaf(tape, TestData.Layout(Tokens), TestData.Uniform(Tokens * In, 2));
            TestData.Seed(tape, Op.Linear(tape, x, weight, null), TestData.Uniform(Tokens * Out, 3));
            tape.Backward();
        }
    }
}
