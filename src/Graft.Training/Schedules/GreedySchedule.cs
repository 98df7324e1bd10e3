namespace Graft.Training.Schedules;

/// <summary>
/// <c>greedy</c> (GreedyLR, arXiv:2512.14527): more than <c>patience</c> (10) better metrics in a row divide every rate by <c>factor</c>
/// (0.95), up to <c>max_lr</c> (1); as many that are not better multiply by it, down to <c>min_lr</c> (1e-3). After an increase <c>warmup</c>
/// metrics are ignored, after a reduction <c>cooldown</c>. After <c>reset_start</c> (500) reductions with all rates at the floor it starts
/// over. With <c>smooth</c> it looks at the mean of the last <c>window_size</c> (50) metrics.
/// </summary>
public sealed class GreedySchedule : MetricSchedule
{
    private readonly double _factor;
    private readonly long _patience;
    private readonly long _cooldown;
    private readonly long _warmup;
    private readonly long _resetStart;
    private readonly double[] _minimum;
    private readonly double[] _maximum;
    private readonly long _window;
    private readonly Queue<double> _recent = new();
    private double _recentSum;
    private long _good;
    private long _bad;
    private long _ignored;
    private long _untilReset;

    internal GreedySchedule(string name, SchedulerArguments arguments)
        : base(name, arguments, threshold: 1e-6, relative: false)
    {
        _factor = FactorBelowOne(Keywords, name, 0.95);
        _patience = Keywords.Count("patience", 10);
        _cooldown = Keywords.Count("cooldown", 0);
        _warmup = Keywords.Count("warmup", 0);
        _minimum = Keywords.PerGroup("min_lr", Rates.Length, 1e-3);
        _maximum = Keywords.PerGroup("max_lr", Rates.Length, 1);
        bool smooth = Keywords.Flag("smooth", false);
        long window = Keywords.Count("window_size", 50);
        _window = smooth ? Math.Max(1, window) : 1;
        _resetStart = _untilReset = Keywords.Count("reset_start", 500);
        Keywords.Flag("verbose", false);
        Keywords.RefuseOthers();
    }

    /// <inheritdoc/>
    public override void Observe(double metric)
    {
        double current = Smooth(metric);
        if (_ignored > 0)
        {
            _ignored--;
            return;
        }

        if (IsBetter(current))
        {
            Best = current;
            (_good, _bad) = (_good + 1, 0);
        }
        else
        {
            (_good, _bad) = (0, _bad + 1);
        }

        if (_good > _patience)
        {
            (_good, _ignored) = (0, _warmup);
            Increase();
        }
        else if (_bad > _patience)
        {
            (_bad, _ignored) = (0, _cooldown);
            Reduce();
        }
    }

    private protected override void SaveOwn(List<double> numbers)
    {
        numbers.AddRange([_good, _bad, _ignored, _untilReset, _recentSum]);
        numbers.AddRange(_recent);
    }

    private protected override void RestoreOwn(ReadOnlySpan<double> numbers)
    {
        const int Fixed = 5;
        if (numbers.Length < Fixed || numbers.Length - Fixed > _window)
        {
            throw new InvalidDataException($"The saved state of schedule '{Name}' does not fit a window of {_window} metrics: {numbers.Length} numbers.");
        }

        (_good, _bad, _ignored, _untilReset) = ((long)numbers[0], (long)numbers[1], (long)numbers[2], (long)numbers[3]);
        _recentSum = numbers[4];
        _recent.Clear();
        foreach (double metric in numbers[Fixed..])
        {
            _recent.Enqueue(metric);
        }
    }

    private double Smooth(double metric)
    {
        if (_window == 1)
        {
            return metric;
        }

        _recent.Enqueue(metric);
        _recentSum += metric;
        if (_recent.Count > _window)
        {
            _recentSum -= _recent.Dequeue();
        }

        return _recentSum / _recent.Count;
    }

    private void Increase()
    {
        for (int i = 0; i < Rates.Length; i++)
        {
            Change(i, Math.Max(Rates[i], Math.Min(Rates[i] / _factor, _maximum[i])));
        }

        _untilReset = _resetStart;
    }

    private void Reduce()
    {
        bool floor = true;
        for (int i = 0; i < Rates.Length; i++)
        {
            Change(i, Math.Min(Rates[i], Math.Max(Rates[i] * _factor, _minimum[i])));
            floor &= Rates[i] <= _minimum[i];
        }

        if (floor && --_untilReset <= 0)
        {
            StartOver();
        }
    }

    private void StartOver()
    {
        for (int i = 0; i < Rates.Length; i++)
        {
            Rates[i] = InitialRates[i];
        }

        ForgetBest();
        _recent.Clear();
        (_recentSum, _good, _bad, _untilReset) = (0, 0, 0, _resetStart);
    }
}
