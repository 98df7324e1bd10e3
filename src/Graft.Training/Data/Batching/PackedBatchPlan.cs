namespace Graft.Training.Data;

/// <summary>Batches of packs: each epoch shuffles the packs, and a batch is so many of them. What is in a pack stays together.</summary>
/// <remarks>Not thread-safe: the plan of the epoch last asked for is kept.</remarks>
public sealed class PackedBatchPlan : IBatchPlan
{
    // Pack i is samples _starts[i] .. _starts[i + 1].
    private readonly int[] _starts;
    private readonly BatchOptions _options;
    private readonly int[] _batch;
    private int _epoch = -1;
    private int[] _order = [];

    /// <summary>Plans batches of packs.</summary>
    /// <param name="packSizes">Samples in each pack; the samples stand in the order of the packs.</param>
    /// <param name="options">Packs in a batch (<c>per_device_train_batch_size</c>), shuffle, seed.</param>
    /// <exception cref="ArgumentException">No packs in a batch, a token limit besides, or no batch left.</exception>
    public PackedBatchPlan(IReadOnlyList<int> packSizes, BatchOptions options)
    {
        ArgumentNullException.ThrowIfNull(packSizes);
        ArgumentNullException.ThrowIfNull(options);
        if (options.PerDeviceTrainBatchSize < 1)
        {
            throw new ArgumentException($"per_device_train_batch_size must be at least 1, not {options.PerDeviceTrainBatchSize}", nameof(options));
        }

        if (options.MaxTokensPerBatch is not null)
        {
            throw new ArgumentException("max_tokens_per_batch and packing exclude each other: a pack is limited by max_length", nameof(options));
        }

        if (packSizes.Count == 0 || (options.DropLast && packSizes.Count < options.PerDeviceTrainBatchSize))
        {
            throw new ArgumentException($"no batch is left: {packSizes.Count} packs, per_device_train_batch_size {options.PerDeviceTrainBatchSize}", nameof(options));
        }

        _starts = new int[packSizes.Count + 1];
        for (int i = 0; i < packSizes.Count; i++)
        {
            _starts[i + 1] = _starts[i] + packSizes[i];
        }

        _options = options;
        _batch = new int[packSizes.OrderDescending().Take(options.PerDeviceTrainBatchSize).Sum()];
    }

    /// <inheritdoc/>
    public int BatchesIn(int epoch)
    {
        int packs = _starts.Length - 1;
        return (packs + (_options.DropLast ? 0 : _options.PerDeviceTrainBatchSize - 1)) / _options.PerDeviceTrainBatchSize;
    }

    /// <inheritdoc/>
    /// <remarks>Valid until the next call.</remarks>
    public ReadOnlySpan<int> Batch(int epoch, int position)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(position);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(position, BatchesIn(epoch));
        if (epoch != _epoch)
        {
            _order = _options.Shuffle ? EpochOrder.Shuffled(_starts.Length - 1, _options.Seed, epoch) : EpochOrder.InOrder(_starts.Length - 1);
            _epoch = epoch;
        }

        int first = position * _options.PerDeviceTrainBatchSize;
        int end = Math.Min(first + _options.PerDeviceTrainBatchSize, _order.Length);
        int count = 0;
        for (int i = first; i < end; i++)
        {
            for (int sample = _starts[_order[i]]; sample < _starts[_order[i] + 1]; sample++)
            {
                _batch[count++] = sample;
            }
        }

        return _batch.AsSpan(0, count);
    }
}
