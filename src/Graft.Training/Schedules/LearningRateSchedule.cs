namespace Graft.Training.Schedules;

/// <summary>
/// The learning rates of all parameter groups over a run, by the names and formulas of Hugging Face's <c>get_scheduler</c>.
/// Most schedules are functions of the step (<see cref="StepSchedule"/>), two follow a metric (<see cref="MetricSchedule"/>).
/// </summary>
public abstract class LearningRateSchedule
{
    private static readonly SortedDictionary<string, Func<string, SchedulerArguments, LearningRateSchedule>> ByName = new(StringComparer.Ordinal)
    {
        ["constant"] = (name, arguments) => new ConstantSchedule(name, arguments),
        ["constant_with_warmup"] = (name, arguments) => new ConstantWithWarmupSchedule(name, arguments),
        ["cosine"] = (name, arguments) => new CosineSchedule(name, arguments),
        ["cosine_warmup_with_min_lr"] = (name, arguments) => new CosineWarmupWithMinimumSchedule(name, arguments),
        ["cosine_with_min_lr"] = (name, arguments) => new CosineWithMinimumSchedule(name, arguments),
        ["cosine_with_restarts"] = (name, arguments) => new CosineWithRestartsSchedule(name, arguments),
        ["greedy"] = (name, arguments) => new GreedySchedule(name, arguments),
        ["inverse_sqrt"] = (name, arguments) => new InverseSquareRootSchedule(name, arguments),
        ["linear"] = (name, arguments) => new LinearSchedule(name, arguments),
        ["polynomial"] = (name, arguments) => new PolynomialSchedule(name, arguments),
        ["reduce_lr_on_plateau"] = (name, arguments) => new ReduceOnPlateauSchedule(name, arguments),
        ["warmup_stable_decay"] = (name, arguments) => new WarmupStableDecaySchedule(name, arguments),
    };

    private protected LearningRateSchedule(string name, SchedulerArguments arguments)
    {
        Name = name;
        DefaultLearningRate = arguments.LearningRate;
        InitialRates = arguments.GroupLearningRates is { } rates ? [.. rates] : [arguments.LearningRate];
        Keywords = new KeywordArguments(name, arguments.SpecificArguments);
    }

    /// <summary>Every name that <see cref="Create"/> knows.</summary>
    public static IReadOnlyCollection<string> Names => ByName.Keys;

    /// <summary>The schedule's name, as in <c>lr_scheduler_type</c>.</summary>
    public string Name { get; }

    /// <summary>Rate of each group before the schedule touches it.</summary>
    public IReadOnlyList<double> InitialRates { get; }

    private protected double DefaultLearningRate { get; }

    private protected KeywordArguments Keywords { get; }

    /// <summary>Makes a schedule.</summary>
    /// <param name="name">One of <see cref="Names"/>: <c>lr_scheduler_type</c>.</param>
    /// <param name="arguments">Rates, lengths and the schedule's own arguments.</param>
    /// <exception cref="ArgumentException">The name or an argument is unknown, missing or out of range.</exception>
    public static LearningRateSchedule Create(string name, SchedulerArguments arguments)
    {
        ArgumentNullException.ThrowIfNull(name);
        ArgumentNullException.ThrowIfNull(arguments);
        return ByName.TryGetValue(name, out Func<string, SchedulerArguments, LearningRateSchedule>? make)
            ? make(name, arguments)
            : throw new ArgumentException($"Unknown lr_scheduler_type '{name}'; the names are {string.Join(", ", ByName.Keys)}.", nameof(name));
    }

    /// <summary>The rate of a group at a step, from 0; schedules that follow a metric answer with the current rate.</summary>
    /// <param name="step">The step about to be taken.</param>
    /// <param name="group">The parameter group.</param>
    public abstract double RateAt(long step, int group = 0);
}
