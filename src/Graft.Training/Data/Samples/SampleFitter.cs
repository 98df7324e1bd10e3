namespace Graft.Training.Data;

/// <summary>Applies the length limit, leaves out what cannot be learnt, and keeps count.</summary>
internal sealed class SampleFitter(SampleOptions options)
{
    private readonly List<SkippedRow> _tooLong = [];
    private readonly List<SkippedRow> _untrainable = [];
    private int _truncated;
    private long _lostTokens;

    /// <summary>What was done so far.</summary>
    public FitReport Report => new() { TruncatedSamples = _truncated, LostTrainableTokens = _lostTokens, TooLong = [.. _tooLong], Untrainable = [.. _untrainable] };

    /// <summary>The sample as it will be trained on, or null when it is left out.</summary>
    /// <exception cref="InvalidDataException">The policy says to stop.</exception>
    public TokenizedSample? Fit(TokenizedSample sample)
    {
        TokenizedSample? fitted = FitLength(sample);
        if (fitted is null || fitted.TrainableTokens > 0)
        {
            return fitted;
        }

        string reason = fitted.Length < sample.Length
            ? $"no token is learnt within max_length {options.MaxLength}: the prompt fills it; raise max_length or shorten the prompt"
            : "no token is learnt: the completion is empty";
        if (options.UntrainableSamples == UntrainableSamplePolicy.Raise)
        {
            throw BadData.At(sample.Source, reason);
        }

        _untrainable.Add(new SkippedRow(sample.Source, reason));
        return null;
    }

    private TokenizedSample? FitLength(TokenizedSample sample)
    {
        int longest = Math.Max(sample.Length, sample.SourceIds?.Length ?? 0);
        if (options.MaxLength is not { } limit || longest <= limit)
        {
            return sample;
        }

        string reason = $"{longest} tokens, but max_length is {limit}";
        switch (options.LongSamples)
        {
            case LongSamplePolicy.Raise:
                throw BadData.At(sample.Source, $"{reason}: raise max_length, shorten the row, or choose to truncate or drop long rows");
            case LongSamplePolicy.Drop:
                _tooLong.Add(new SkippedRow(sample.Source, reason));
                return null;
            default:
                TokenizedSample cut = sample.SourceIds is { } source ? CutWithSource(sample, source, limit)
                    : sample.Slice(options.TruncationMode == TruncationMode.KeepStart ? 0 : sample.Length - limit, limit);
                _truncated++;
                _lostTokens += sample.TrainableTokens - cut.TrainableTokens;
                return cut;
        }
    }

    /// <summary>A decoder writes from the start, so its text always loses its end; the source loses the end that the options say.</summary>
    private TokenizedSample CutWithSource(TokenizedSample sample, int[] source, int limit)
    {
        TokenizedSample cut = sample.Slice(0, Math.Min(limit, sample.Length));
        bool endsWithMark = options.EncoderDecoder?.EosTokenIds.Contains(source[^1]) ?? false;
        int[] kept = source.Length <= limit ? source
            : options.TruncationMode == TruncationMode.KeepEnd ? source[^limit..]
            : endsWithMark ? [.. source[..(limit - 1)], source[^1]]
            : source[..limit];
        return cut with { SourceIds = kept };
    }
}
