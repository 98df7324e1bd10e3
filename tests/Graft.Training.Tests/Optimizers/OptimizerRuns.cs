using Graft.Training.Optimizers;

namespace Graft.Training.Tests.Optimizers;

/// <summary>Small runs with made-up gradients.</summary>
internal static unsafe class OptimizerRuns
{
    /// <summary>Reproducible numbers around zero.</summary>
    public static float[] Noise(int count, int seed)
    {
        var random = new Random(seed);
        float[] values = new float[count];
        for (int i = 0; i < count; i++)
        {
            values[i] = (float)((random.NextDouble() * 2) - 1);
        }

        return values;
    }

    /// <summary>One parameter of <paramref name="count"/> elements in one group.</summary>
    public static ParameterSlot[] OneVector(int count) => ParameterSlot.Pack([("w", [count], 0)]);

    /// <summary>Steps <paramref name="from"/> to <paramref name="to"/> with gradients that depend on the step alone.</summary>
    public static void Take(Optimizer optimizer, float[] parameters, int from, int to)
    {
        for (int step = from; step < to; step++)
        {
            optimizer.Step(parameters, Noise(parameters.Length, 1000 + step));
        }
    }

    /// <summary>A copy of everything a checkpoint keeps, put into another optimizer.</summary>
    public static void CopyState(Optimizer from, Optimizer to)
    {
        for (int i = 0; i < from.State.Count; i++)
        {
            Assert.Equal(from.State[i].Name, to.State[i].Name);
            Assert.Equal((from.State[i].DType, from.State[i].Length), (to.State[i].DType, to.State[i].Length));
            new Span<byte>(from.State[i].Data, (int)from.State[i].ByteLength).CopyTo(new Span<byte>(to.State[i].Data, (int)to.State[i].ByteLength));
        }

        for (int i = 0; i < from.Counters.Count; i++)
        {
            Assert.Equal(from.Counters[i].Name, to.Counters[i].Name);
            from.Counters[i].Values.CopyTo(to.Counters[i].Values, 0);
        }
    }
}
