using System.Diagnostics;

namespace Graft.Generation.Stopping;

/// <summary>Stops some time after it was made (<c>max_time</c>). The only criterion whose outcome differs from run to run.</summary>
/// <param name="limit">The time.</param>
public sealed class MaxTimeCriterion(TimeSpan limit) : IStoppingCriterion
{
    private readonly long _start = Stopwatch.GetTimestamp();

    /// <inheritdoc/>
    public FinishReason Reason => FinishReason.Time;

    /// <inheritdoc/>
    public bool Stops(ReadOnlySpan<int> tokens, int promptLength) => Stopwatch.GetElapsedTime(_start) > limit;
}
