namespace Graft.Training.Schedules;

/// <summary>
/// <c>inverse_sqrt</c>: a linear warm-up of W steps, then <c>1 / sqrt((t + s - W) / s)</c> with <c>timescale</c> s (given, else W, else 10000).
/// It needs no number of training steps.
/// </summary>
public sealed class InverseSquareRootSchedule : StepSchedule
{
    private const double DefaultTimescale = 10_000;

    private readonly long _warmupSteps;
    private readonly double _timescale;

    internal InverseSquareRootSchedule(string name, SchedulerArguments arguments)
        : base(name, arguments)
    {
        double? timescale = Keywords.OptionalNumber("timescale");
        Keywords.RefuseOthers();
        _warmupSteps = Required(name, "num_warmup_steps", arguments.NumWarmupSteps);
        _timescale = timescale ?? (_warmupSteps == 0 ? DefaultTimescale : _warmupSteps);
        if (!(_timescale > 0))
        {
            throw new ArgumentException($"{name}: timescale must be above 0, but is {_timescale}.");
        }
    }

    /// <inheritdoc/>
    public override double FactorAt(long step) => step < _warmupSteps
        ? LinearWarmup(step, _warmupSteps)
        : 1 / Math.Sqrt((step + _timescale - _warmupSteps) / _timescale);
}
