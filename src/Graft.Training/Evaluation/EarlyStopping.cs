namespace Graft.Training;

/// <summary>Stops a run whose metric no longer improves: Hugging Face's <c>EarlyStoppingCallback</c>.</summary>
public sealed class EarlyStopping
{
    /// <summary>Makes one.</summary>
    /// <param name="patience">Evaluations without improvement after which to stop.</param>
    /// <param name="threshold">Smallest change that counts as an improvement.</param>
    public EarlyStopping(int patience, double threshold)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(patience, 1);
        Patience = patience;
        Threshold = threshold;
    }

    /// <summary>Evaluations without improvement after which to stop.</summary>
    public int Patience { get; }

    /// <summary>Smallest change that counts as an improvement.</summary>
    public double Threshold { get; }

    /// <summary>Evaluations without improvement so far.</summary>
    public int PatienceCounter { get; set; }

    /// <summary>Whether it is time to stop.</summary>
    public bool HasRunOut => PatienceCounter >= Patience;

    /// <summary>Takes a new value into account; to be called before the best value is updated.</summary>
    /// <param name="value">The new value.</param>
    /// <param name="best">The best one before it; null when it is the first.</param>
    /// <param name="greaterIsBetter">Whether more is better.</param>
    /// <returns>Whether to stop.</returns>
    public bool Observe(double value, double? best, bool greaterIsBetter)
    {
        bool improved = best is not double known
            || ((greaterIsBetter ? value > known : value < known) && Math.Abs(value - known) > Threshold);
        PatienceCounter = improved ? 0 : PatienceCounter + 1;
        return HasRunOut;
    }
}
