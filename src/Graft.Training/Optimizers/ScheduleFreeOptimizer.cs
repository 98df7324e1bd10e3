using Graft.Training.Optimizers.Lanes;

namespace Graft.Training.Optimizers;

/// <summary>Options that all schedule-free optimizers share; the defaults are those of the schedulefree package.</summary>
/// <param name="Momentum">Interpolation between the average x and the iterate z at which gradients are taken (beta1).</param>
/// <param name="WarmupSteps">Steps over which the rate grows linearly.</param>
/// <param name="WeightPower">Power of the step in the averaging weights (r).</param>
/// <param name="RatePower">Power of the largest rate so far in the averaging weights (weight_lr_power).</param>
public sealed record ScheduleFreeOptions(double Momentum = 0.9, long WarmupSteps = 0, double WeightPower = 0, double RatePower = 2);

/// <summary>
/// Optimizers without a schedule (Defazio et al. 2024, arXiv:2405.15682). The parameters hold the training point y; the state
/// <c>z</c> is the plain iterate. Evaluate, and save for use, at the average x: <see cref="ToEvaluation(Span{float})"/>. Counters by group:
/// <c>k</c>, <c>weight_sum</c>, <c>lr_max</c>.
/// </summary>
public abstract unsafe class ScheduleFreeOptimizer : Optimizer
{
    private readonly ScheduleFreeOptions _options;
    private readonly double[] _steps;
    private readonly double[] _weightSums;
    private readonly double[] _largestRates;
    private readonly GroupStep[] _groupSteps;

    private protected ScheduleFreeOptimizer(IReadOnlyList<ParameterSlot> parameters, IReadOnlyList<ParameterGroup> groups, ScheduleFreeOptions options)
        : base(parameters, groups)
    {
        if (!(options.Momentum > 0 && options.Momentum < 1))
        {
            throw new ArgumentException($"Schedule-free momentum must be between 0 and 1, but is {options.Momentum}.", nameof(options));
        }

        _options = options;
        Iterate = AddState("z");
        _steps = AddCounter("k", groups.Count);
        _weightSums = AddCounter("weight_sum", groups.Count);
        _largestRates = AddCounter("lr_max", groups.Count, initial: -1);
        _groupSteps = new GroupStep[groups.Count];
    }

    /// <summary>The iterate z.</summary>
    private protected OptimizerState Iterate { get; }

    /// <summary>Turns the training point y in <paramref name="parameters"/> into the average x.</summary>
    /// <param name="parameters">The parameter buffer.</param>
    public void ToEvaluation(Span<float> parameters) => Move(parameters, 1 - (1 / _options.Momentum));

    /// <summary>Turns the average x in <paramref name="parameters"/> back into the training point y.</summary>
    /// <param name="parameters">The parameter buffer.</param>
    public void ToTraining(Span<float> parameters) => Move(parameters, 1 - _options.Momentum);

    /// <summary>The rate of a group's step (from 1) before averaging weights are taken from it.</summary>
    private protected virtual double RateAt(ParameterGroup group, double step)
        => group.LearningRate * (step <= _options.WarmupSteps ? step / _options.WarmupSteps : 1);

    private protected sealed override void PrepareGroups()
    {
        for (int i = 0; i < Groups.Count; i++)
        {
            double step = ++_steps[i];
            double rate = RateAt(Groups[i], step);
            _largestRates[i] = Math.Max(rate, _largestRates[i]);
            double weight = Math.Pow(step, _options.WeightPower) * Math.Pow(_largestRates[i], _options.RatePower);
            _weightSums[i] += weight;
            double pull = _weightSums[i] == 0 ? 0 : weight / _weightSums[i];
            _groupSteps[i] = new GroupStep(step, (float)rate, (float)pull, (float)(rate * ((_options.Momentum * (1 - pull)) - 1)));
        }
    }

    /// <summary>The group's part of this step.</summary>
    private protected GroupStep StepOf(int parameter) => _groupSteps[Parameters[parameter].Group];

    private void Move(Span<float> parameters, double weight)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(parameters.Length, Length);
        fixed (float* pointer = parameters)
        {
            for (int parameter = 0; parameter < Parameters.Count; parameter++)
            {
                // A parameter that never had a gradient has no iterate yet.
                if (Counters[0].Values[parameter] == 0)
                {
                    continue;
                }

                ParameterSlot slot = Parameters[parameter];
                for (long i = slot.Offset; i < slot.Offset + slot.Count; i++)
                {
                    pointer[i] += (Iterate.Pointer[i] - pointer[i]) * (float)weight;
                }
            }
        }
    }

    /// <summary>What a step does to all parameters of a group.</summary>
    /// <param name="Step">Its number, from 1.</param>
    /// <param name="Rate">Step size of z.</param>
    /// <param name="Pull">How far y is drawn to z.</param>
    /// <param name="TrainingRate">What the update is added to y with.</param>
    private protected readonly record struct GroupStep(double Step, float Rate, float Pull, float TrainingRate);

    /// <summary>The step that all variants share once the update is known.</summary>
    private protected struct Mover
    {
        public float* Iterate;
        public float Pull;
        public float TrainingRate;
        public float Rate;
        public float Decay;
        public bool First;

        public readonly void Move<TLane>(float* parameter, TLane update, long index)
            where TLane : struct, ILane<TLane>
        {
            TLane training = TLane.Load(parameter);
            TLane iterate = First ? training : TLane.Load(Iterate + index);
            if (Decay != 0)
            {
                update += training * Decay;
            }

            training += (iterate - training) * Pull;
            training += update * TrainingRate;
            training.Store(parameter);
            iterate -= update * Rate;
            iterate.Store(Iterate + index);
        }
    }

    private protected Mover MoverOf(int parameter, ParameterGroup group, double parameterStep)
    {
        GroupStep step = StepOf(parameter);
        return new Mover
        {
            Iterate = Iterate.Pointer,
            Pull = step.Pull,
            TrainingRate = step.TrainingRate,
            Rate = step.Rate,
            Decay = (float)group.WeightDecay,
            First = parameterStep == 1,
        };
    }
}
