namespace Graft.Training.Data;

/// <summary>How samples are grouped into batches.</summary>
public sealed record BatchOptions
{
    /// <summary>The most samples in a batch.</summary>
    public int PerDeviceTrainBatchSize { get; init; } = 8;

    /// <summary>The most tokens in a batch; null for no limit. With a limit, a batch is closed by whichever limit it meets first.</summary>
    public int? MaxTokensPerBatch { get; init; }

    /// <summary>Whether a last batch with fewer than <see cref="PerDeviceTrainBatchSize"/> samples is left out. Only for batches without a token limit.</summary>
    public bool DropLast { get; init; }

    /// <summary>Whether each epoch has an order of its own; otherwise the order of the rows.</summary>
    public bool Shuffle { get; init; } = true;

    /// <summary>Seed of the order (<c>data_seed</c>, which defaults to <c>seed</c>).</summary>
    public ulong Seed { get; init; } = 42;
}
