using Graft.Training.Optimizers.Lanes;

namespace Graft.Training.Optimizers;

/// <summary>
/// AdamW as transformers once had it, which LoRA-FA and GaLore still use: epsilon is added to the uncorrected root, and weight decay
/// comes after the step.
/// </summary>
internal unsafe struct LegacyAdamWRule : IUpdateRule
{
    public float* First;
    public float* Second;
    public float Beta1;
    public float Beta2;
    public float Epsilon;
    public float StepSize;
    public float Shrink;

    /// <summary>This step's coefficients.</summary>
    public LegacyAdamWRule(AdamOptions options, ParameterGroup group, double step, bool correctBias)
    {
        double correction = correctBias ? Math.Sqrt(1 - Math.Pow(options.Beta2, step)) / (1 - Math.Pow(options.Beta1, step)) : 1;
        Beta1 = (float)options.Beta1;
        Beta2 = (float)options.Beta2;
        Epsilon = (float)options.Epsilon;
        StepSize = (float)(group.LearningRate * correction);
        Shrink = (float)(1 - (group.LearningRate * group.WeightDecay));
    }

    public readonly void Update<TLane>(float* parameter, TLane gradient, long index)
        where TLane : struct, ILane<TLane>
    {
        TLane value = TLane.Load(parameter) - (Direction(gradient, index) * StepSize);
        (value * Shrink).Store(parameter);
    }

    /// <summary>Takes the gradient into the moments and returns <c>m / (sqrt(v) + eps)</c>.</summary>
    public readonly TLane Direction<TLane>(TLane gradient, long index)
        where TLane : struct, ILane<TLane>
    {
        TLane first = (TLane.Load(First + index) * Beta1) + (gradient * (1 - Beta1));
        first.Store(First + index);
        TLane second = (TLane.Load(Second + index) * Beta2) + (gradient * (1 - Beta2) * gradient);
        second.Store(Second + index);
        return first / (TLane.Sqrt(second) + TLane.Broadcast(Epsilon));
    }
}
