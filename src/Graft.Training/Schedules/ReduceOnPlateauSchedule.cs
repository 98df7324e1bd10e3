namespace Graft.Training.Schedules;

/// <summary>
/// <c>reduce_lr_on_plateau</c>, torch's ReduceLROnPlateau: after more than <c>patience</c> (10) metrics in a row that were not better,
/// every rate is multiplied by <c>factor</c> (0.1), down to <c>min_lr</c>. Bad metrics do not count during the <c>cooldown</c> after that.
/// </summary>
public sealed class ReduceOnPlateauSchedule : MetricSchedule
{
    private readonly double _factor;
    private readonly long _patience;
    private readonly long _cooldown;
    private readonly double[] _minimum;
    private long _bad;
    private long _cooling;

    internal ReduceOnPlateauSchedule(string name, SchedulerArguments arguments)
        : base(name, arguments, threshold: 1e-4, relative: true)
    {
        _factor = FactorBelowOne(Keywords, name, 0.1);
        _patience = Keywords.Count("patience", 10);
        _cooldown = Keywords.Count("cooldown", 0);
        _minimum = Keywords.PerGroup("min_lr", Rates.Length, 0);
        Keywords.RefuseOthers();
    }

    /// <inheritdoc/>
    public override void Observe(double metric)
    {
        if (IsBetter(metric))
        {
            Best = metric;
            _bad = 0;
        }
        else
        {
            _bad++;
        }

        if (_cooling > 0)
        {
            _cooling--;
            _bad = 0;
        }

        if (_bad > _patience)
        {
            for (int i = 0; i < Rates.Length; i++)
            {
                // Never upwards: a rate that is already below its floor stays.
                Change(i, Math.Min(Rates[i], Math.Max(Rates[i] * _factor, _minimum[i])));
            }

            _cooling = _cooldown;
            _bad = 0;
        }
    }

    private protected override void SaveOwn(List<double> numbers) => numbers.AddRange([_bad, _cooling]);

    private protected override void RestoreOwn(ReadOnlySpan<double> numbers)
    {
        if (numbers.Length != 2)
        {
            throw new InvalidDataException($"The saved state of schedule '{Name}' does not fit: {numbers.Length} counters instead of 2.");
        }

        (_bad, _cooling) = ((long)numbers[0], (long)numbers[1]);
    }
}
