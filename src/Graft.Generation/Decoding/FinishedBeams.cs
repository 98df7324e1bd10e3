namespace Graft.Generation.Decoding;

/// <summary>The best finished texts of a beam search, and whether better ones can still come.</summary>
/// <param name="count">How many are kept: <c>num_beams</c>.</param>
/// <param name="config">Settings of the search.</param>
/// <param name="longest">Most new tokens that a text can have.</param>
internal sealed class FinishedBeams(int count, GenerationConfig config, int longest)
{
    private readonly List<BeamHypothesis> _best = [];
    private readonly double _lengthPenalty = config.LengthPenalty ?? 1;
    private readonly EarlyStopping _earlyStopping = config.EarlyStopping ?? EarlyStopping.False;

    /// <summary>The texts, best first.</summary>
    public IReadOnlyList<BeamHypothesis> Best => _best;

    private bool IsFull => _best.Count == count;

    /// <summary>Takes a finished text in, if it is good enough.</summary>
    /// <param name="tokens">All its tokens.</param>
    /// <param name="total">Sum of log-probabilities.</param>
    /// <param name="newTokens">Number of new tokens.</param>
    /// <param name="reason">Why it ended.</param>
    public void Offer(int[] tokens, double total, int newTokens, FinishReason reason)
    {
        double score = Score(total, newTokens);
        int place = _best.FindIndex(other => score > other.Score);
        _best.Insert(place < 0 ? _best.Count : place, new BeamHypothesis(tokens, score, reason));
        if (_best.Count > count)
        {
            _best.RemoveAt(count);
        }
    }

    /// <summary>Whether a running beam can become better than the worst text kept.</summary>
    /// <param name="bestTotal">Sum of log-probabilities of the best running beam.</param>
    /// <param name="newTokens">New tokens so far.</param>
    public bool CanImprove(double bestTotal, int newTokens)
    {
        if (!IsFull)
        {
            return true;
        }

        int length = _earlyStopping == EarlyStopping.Never && _lengthPenalty > 0 ? longest : newTokens;
        return _earlyStopping != EarlyStopping.True && Score(bestTotal, length) > _best[^1].Score;
    }

    private double Score(double total, int newTokens) => total / Math.Pow(newTokens, _lengthPenalty);
}
