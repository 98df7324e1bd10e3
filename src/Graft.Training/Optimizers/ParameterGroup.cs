namespace Graft.Training.Optimizers;

/// <summary>Settings that a set of parameters shares. A schedule writes <see cref="LearningRate"/> before every step.</summary>
public sealed class ParameterGroup
{
    /// <summary>A group with a learning rate and a weight decay.</summary>
    /// <param name="learningRate">The rate of the next step.</param>
    /// <param name="weightDecay">Decay coefficient; what it means (decoupled, L2) is the optimizer's business.</param>
    public ParameterGroup(double learningRate, double weightDecay = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(learningRate);
        ArgumentOutOfRangeException.ThrowIfNegative(weightDecay);
        LearningRate = learningRate;
        InitialLearningRate = learningRate;
        WeightDecay = weightDecay;
    }

    /// <summary>The rate that the next step uses.</summary>
    public double LearningRate { get; set; }

    /// <summary>The rate the group was made with: what a schedule multiplies.</summary>
    public double InitialLearningRate { get; }

    /// <summary>The decay coefficient.</summary>
    public double WeightDecay { get; set; }
}
