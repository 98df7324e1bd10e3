namespace Graft.Generation.Decoding;

/// <summary>One way to go on with a beam.</summary>
/// <param name="Beam">Index of the beam.</param>
/// <param name="Token">The token that is appended.</param>
/// <param name="Score">Sum of log-probabilities, that of the token included.</param>
/// <param name="Rank">What candidates are ordered by: the score, or the score with noise when they are drawn.</param>
internal readonly record struct BeamCandidate(int Beam, int Token, double Score, double Rank);

/// <summary>The best few of many candidates, best first; of equals the first that came.</summary>
/// <param name="count">How many to keep.</param>
internal sealed class BeamCandidates(int count)
{
    private readonly BeamCandidate[] _best = new BeamCandidate[count];
    private int _count;

    /// <summary>The best, in order.</summary>
    public ReadOnlySpan<BeamCandidate> Best => _best.AsSpan(0, _count);

    /// <summary>What a candidate must be better than.</summary>
    public double Threshold => _count < _best.Length ? double.NegativeInfinity : _best[^1].Rank;

    public void Clear() => _count = 0;

    /// <summary>Puts a candidate in its place, if it is good enough.</summary>
    public void Offer(in BeamCandidate candidate)
    {
        if (!(candidate.Rank > Threshold))
        {
            return;
        }

        int at = _count < _best.Length ? _count++ : _count - 1;
        for (; at > 0 && candidate.Rank > _best[at - 1].Rank; at--)
        {
            _best[at] = _best[at - 1];
        }

        _best[at] = candidate;
    }
}
