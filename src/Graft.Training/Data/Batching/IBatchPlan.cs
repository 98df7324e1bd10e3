namespace Graft.Training.Data;

/// <summary>Which samples make up which micro-batch of which epoch.</summary>
public interface IBatchPlan
{
    /// <summary>Number of micro-batches in an epoch.</summary>
    /// <param name="epoch">The epoch, from 0.</param>
    int BatchesIn(int epoch);

    /// <summary>The samples of a micro-batch, in order.</summary>
    /// <param name="epoch">The epoch, from 0.</param>
    /// <param name="position">The micro-batch in the epoch, from 0.</param>
    ReadOnlySpan<int> Batch(int epoch, int position);
}
