namespace Graft.Training.Schedules;

/// <summary>A schedule that reacts to a metric, such as the evaluation loss, instead of counting steps.</summary>
public abstract class MetricSchedule : LearningRateSchedule
{
    private readonly bool _smallerIsBetter;
    private readonly bool _relative;
    private readonly double _threshold;
    private readonly double _epsilon;

    private protected MetricSchedule(string name, SchedulerArguments arguments, double threshold, bool relative)
        : base(name, arguments)
    {
        Rates = [.. InitialRates];
        _smallerIsBetter = Keywords.Word("mode", "min", "max") == "min";
        _threshold = Keywords.Number("threshold", threshold);
        _relative = (relative ? Keywords.Word("threshold_mode", "rel", "abs") : Keywords.Word("threshold_mode", "abs", "rel")) == "rel";
        _epsilon = Keywords.Number("eps", 1e-8);
        Best = Worst;
    }

    /// <summary>The best metric so far; infinite before the first.</summary>
    public double Best { get; private protected set; }

    /// <summary>Current rate of each group.</summary>
    private protected double[] Rates { get; }

    private double Worst => _smallerIsBetter ? double.PositiveInfinity : double.NegativeInfinity;

    /// <summary>Takes the next value of the metric into account.</summary>
    /// <param name="metric">The value.</param>
    public abstract void Observe(double metric);

    /// <inheritdoc/>
    public override double RateAt(long step, int group = 0) => Rates[group];

    /// <summary>The schedule's memory as plain numbers; <see cref="Restore"/> goes on from them exactly.</summary>
    public double[] Save()
    {
        var numbers = new List<double>(Rates) { Best };
        SaveOwn(numbers);
        return [.. numbers];
    }

    /// <summary>Goes on from what <see cref="Save"/> returned.</summary>
    /// <param name="numbers">The numbers, of a schedule made alike.</param>
    /// <exception cref="InvalidDataException">They are too few.</exception>
    public void Restore(ReadOnlySpan<double> numbers)
    {
        if (numbers.Length < Rates.Length + 1)
        {
            throw new InvalidDataException($"The saved state of schedule '{Name}' has {numbers.Length} numbers; {Rates.Length} groups need more.");
        }

        numbers[..Rates.Length].CopyTo(Rates);
        Best = numbers[Rates.Length];
        RestoreOwn(numbers[(Rates.Length + 1)..]);
    }

    private protected abstract void SaveOwn(List<double> numbers);

    private protected abstract void RestoreOwn(ReadOnlySpan<double> numbers);

    /// <summary>Whether <paramref name="metric"/> is better than the best by more than the threshold.</summary>
    private protected bool IsBetter(double metric)
    {
        // Best times (1 - threshold), not Best minus a part of itself: Best may be infinite.
        if (_smallerIsBetter)
        {
            return metric < (_relative ? Best * (1 - _threshold) : Best - _threshold);
        }

        return metric > (_relative ? Best * (1 + _threshold) : Best + _threshold);
    }

    /// <summary>Forgets the best metric.</summary>
    private protected void ForgetBest() => Best = Worst;

    /// <summary>Sets a group's rate, unless the change is no more than <c>eps</c>.</summary>
    private protected void Change(int group, double rate)
    {
        if (Math.Abs(Rates[group] - rate) > _epsilon)
        {
            Rates[group] = rate;
        }
    }

    private protected static double FactorBelowOne(KeywordArguments keywords, string schedule, double otherwise)
    {
        double factor = keywords.Number("factor", otherwise);
        return factor < 1 ? factor : throw new ArgumentException($"{schedule}: factor must be below 1, but is {factor}.");
    }
}
