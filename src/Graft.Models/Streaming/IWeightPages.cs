namespace Graft.Models;

/// <summary>Brings the weights of a stage into memory, and lets them go.</summary>
internal interface IWeightPages : IDisposable
{
    /// <summary>Begins to read a stage's weights, and returns at once.</summary>
    /// <param name="stage">The stage.</param>
    void ReadAhead(WeightStage stage);

    /// <summary>Lets the system forget a stage's weights.</summary>
    /// <param name="stage">The stage.</param>
    void Release(WeightStage stage);

    /// <summary>How many bytes of weights may be in memory now.</summary>
    long Room();
}
