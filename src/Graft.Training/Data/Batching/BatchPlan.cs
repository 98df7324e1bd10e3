namespace Graft.Training.Data;

/// <summary>
/// Which samples make up which batch: a function of (seed, epoch, position), so that a resumed run can start at any batch.
/// </summary>
/// <remarks>Not thread-safe: the plan of the epoch last asked for is kept.</remarks>
public sealed class BatchPlan : IBatchPlan
{
    private readonly int[] _lengths;
    private readonly BatchOptions _options;
    private int _epoch = -1;
    private int[] _order = [];

    // Batch i is _order[_starts[i] .. _starts[i + 1]].
    private int[] _starts = [0];

    /// <summary>Plans batches of <paramref name="samples"/>.</summary>
    /// <exception cref="ArgumentException">A limit below one, a sample longer than the token limit, <c>drop_last</c> with a token limit, or no batch left.</exception>
    public BatchPlan(IReadOnlyList<TokenizedSample> samples, BatchOptions options)
    {
        ArgumentNullException.ThrowIfNull(samples);
        ArgumentNullException.ThrowIfNull(options);
        if (options.PerDeviceTrainBatchSize < 1)
        {
            throw new ArgumentException($"per_device_train_batch_size must be at least 1, not {options.PerDeviceTrainBatchSize}", nameof(options));
        }

        if (options.MaxTokensPerBatch is { } limit)
        {
            CheckTokenLimit(samples, limit, options);
        }

        if (options.DropLast && samples.Count < options.PerDeviceTrainBatchSize)
        {
            throw new ArgumentException($"drop_last leaves no batch: {samples.Count} samples are fewer than per_device_train_batch_size {options.PerDeviceTrainBatchSize}", nameof(options));
        }

        _lengths = [.. samples.Select(sample => sample.Length)];
        _options = options;
    }

    /// <summary>Number of batches in <paramref name="epoch"/>, from 0. With a token limit it may differ between epochs.</summary>
    public int BatchesIn(int epoch)
    {
        if (_options.MaxTokensPerBatch is null)
        {
            int size = _options.PerDeviceTrainBatchSize;
            return _options.DropLast ? _lengths.Length / size : (_lengths.Length + size - 1) / size;
        }

        Plan(epoch);
        return _starts.Length - 1;
    }

    /// <summary>The samples of a batch.</summary>
    /// <param name="epoch">The epoch, from 0.</param>
    /// <param name="position">The batch in the epoch, from 0.</param>
    /// <returns>Indices into the samples, in training order; valid until another epoch is asked for.</returns>
    public ReadOnlySpan<int> Batch(int epoch, int position)
    {
        Plan(epoch);
        ArgumentOutOfRangeException.ThrowIfNegative(position);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(position, _starts.Length - 1);
        return _order.AsSpan(_starts[position].._starts[position + 1]);
    }

    private static void CheckTokenLimit(IReadOnlyList<TokenizedSample> samples, int limit, BatchOptions options)
    {
        if (options.DropLast)
        {
            throw new ArgumentException("drop_last means batches of equal size, which a token limit does not give: choose one", nameof(options));
        }

        foreach (TokenizedSample sample in samples)
        {
            if (sample.Length > limit)
            {
                throw new ArgumentException($"{sample.Source}: {sample.Length} tokens do not fit into max_tokens_per_batch {limit}: raise it or lower max_length", nameof(options));
            }
        }
    }

    private void Plan(int epoch)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(epoch);
        if (epoch == _epoch)
        {
            return;
        }

        _order = _options.Shuffle ? EpochOrder.Shuffled(_lengths.Length, _options.Seed, epoch) : EpochOrder.InOrder(_lengths.Length);
        _starts = Starts();
        _epoch = epoch;
    }

    private int[] Starts()
    {
        var starts = new List<int> { 0 };
        int start = 0;
        long tokens = 0;
        for (int i = 0; i < _order.Length; i++)
        {
            int length = _lengths[_order[i]];
            if (i - start == _options.PerDeviceTrainBatchSize || tokens + length > (_options.MaxTokensPerBatch ?? long.MaxValue))
            {
                starts.Add(i);
                (start, tokens) = (i, 0);
            }

            tokens += length;
        }

        if (!_options.DropLast || _order.Length - start == _options.PerDeviceTrainBatchSize)
        {
            starts.Add(_order.Length);
        }

        return [.. starts];
    }
}
