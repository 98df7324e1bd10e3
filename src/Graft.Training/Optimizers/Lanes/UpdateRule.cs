namespace Graft.Training.Optimizers.Lanes;

/// <summary>An update that treats every element alike. A rule is a struct, so that the JIT makes one loop of rule and lane.</summary>
internal unsafe interface IUpdateRule
{
    /// <summary>Updates <typeparamref name="TLane"/>'s width of elements.</summary>
    /// <param name="parameter">The first of them; read and written.</param>
    /// <param name="gradient">Their gradients, already scaled.</param>
    /// <param name="index">Their place in the flat buffers, for the state.</param>
    void Update<TLane>(float* parameter, TLane gradient, long index)
        where TLane : struct, ILane<TLane>;
}

/// <summary>Runs update rules over stretches of the flat buffers.</summary>
internal static unsafe class UpdateRule
{
    /// <summary>Applies <paramref name="rule"/> to <paramref name="count"/> elements from <paramref name="start"/> on.</summary>
    public static void Apply<TRule>(in TRule rule, long start, long count, float* parameters, float* gradients, float scale)
        where TRule : struct, IUpdateRule
    {
        TRule local = rule;
        long index = start;
        long end = start + count;
        for (; index <= end - WideLane.Width; index += WideLane.Width)
        {
            local.Update(parameters + index, WideLane.Load(gradients + index) * scale, index);
        }

        for (; index < end; index++)
        {
            local.Update(parameters + index, ScalarLane.Load(gradients + index) * scale, index);
        }
    }
}
