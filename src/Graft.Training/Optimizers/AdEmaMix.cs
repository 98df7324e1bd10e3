using Graft.Training.Optimizers.Lanes;

namespace Graft.Training.Optimizers;

/// <summary>Options of <see cref="AdEmaMix"/>; the defaults are bitsandbytes'.</summary>
/// <param name="Beta1">Decay of the fast moment.</param>
/// <param name="Beta2">Decay of the second moment.</param>
/// <param name="Beta3">Decay of the slow moment, once warmed up.</param>
/// <param name="Alpha">Weight of the slow moment, once warmed up.</param>
/// <param name="Epsilon">Added to the root of the corrected second moment.</param>
/// <param name="AlphaSteps">Steps over which alpha grows from 0; null: at once.</param>
/// <param name="Beta3Steps">Steps over which beta3 grows from beta1; null: at once.</param>
public sealed record AdEmaMixOptions(
    double Beta1 = 0.9,
    double Beta2 = 0.999,
    double Beta3 = 0.9999,
    double Alpha = 5,
    double Epsilon = 1e-8,
    double? AlphaSteps = null,
    double? Beta3Steps = null);

/// <summary>
/// AdEMAMix (Pagliardini et al. 2024, arXiv:2409.03137) as bitsandbytes has it: Adam with a second, slow first moment that is not
/// corrected, <c>p -= lr * (m1 / (1 - b1^t) + alpha * m2) / (sqrt(v) / sqrt(1 - b2^t) + eps)</c>, after decoupled weight decay. State:
/// <c>exp_avg</c>, <c>exp_avg_sq</c>, <c>exp_avg_slow</c>.
/// </summary>
public sealed unsafe class AdEmaMix : MomentOptimizer
{
    private readonly AdEmaMixOptions _options;
    private readonly Rule[] _rules;

    /// <summary>Allocates the moments.</summary>
    /// <param name="parameters">Where each parameter lies.</param>
    /// <param name="groups">Rates and decays.</param>
    /// <param name="options">The algorithm's options.</param>
    /// <param name="eightBit">Keep moments in 8 bits; null for fp32.</param>
    public AdEmaMix(IReadOnlyList<ParameterSlot> parameters, IReadOnlyList<ParameterGroup> groups, AdEmaMixOptions? options = null, EightBitStates? eightBit = null)
        : base(parameters, groups, eightBit)
    {
        _options = options ?? new AdEmaMixOptions();
        AddMoment("exp_avg");
        AddMoment("exp_avg_sq", signed: false);
        AddMoment("exp_avg_slow");
        _rules = new Rule[parameters.Count];
    }

    private protected override void Prepare(int parameter, ParameterGroup group, double step)
    {
        double beta3 = Beta3At(step);
        double alpha = _options.AlphaSteps is { } steps ? Math.Min(step * _options.Alpha / steps, _options.Alpha) : _options.Alpha;
        _rules[parameter] = new Rule
        {
            Shrink = (float)(1 - (group.LearningRate * group.WeightDecay)),
            FastIntake = (float)(1 - _options.Beta1),
            SlowIntake = (float)(1 - beta3),
            Beta2 = (float)_options.Beta2,
            SecondIntake = (float)(1 - _options.Beta2),
            Epsilon = (float)_options.Epsilon,
            FastStep = (float)(group.LearningRate / (1 - Math.Pow(_options.Beta1, step))),
            SlowStep = (float)(group.LearningRate * alpha),
            RootCorrection = (float)(1 / Math.Sqrt(1 - Math.Pow(_options.Beta2, step))),
        };
    }

    private protected override void UpdateTile(in Tile tile, float* parameters, float* gradients, float scale)
        => Apply(_rules[tile.Parameter], tile, parameters, gradients, scale);

    /// <summary>Interpolates between beta1 and beta3 so that the half-life grows linearly.</summary>
    private double Beta3At(double step)
    {
        if (_options.Beta3Steps is not { } steps)
        {
            return _options.Beta3;
        }

        double part = step / steps;
        double first = Math.Log(_options.Beta1);
        double third = Math.Log(_options.Beta3);
        return Math.Min(Math.Exp(first * third / (((1 - part) * third) + (part * first))), _options.Beta3);
    }

    private struct Rule : IMomentRule
    {
        public float* Fast;
        public float* Second;
        public float* Slow;
        public float Shrink;
        public float FastIntake;
        public float SlowIntake;
        public float Beta2;
        public float SecondIntake;
        public float Epsilon;
        public float FastStep;
        public float SlowStep;
        public float RootCorrection;

        public void Bind(in MomentWindows windows)
        {
            Fast = windows[0];
            Second = windows[1];
            Slow = windows[2];
        }

        public readonly void Update<TLane>(float* parameter, TLane gradient, long index)
            where TLane : struct, ILane<TLane>
        {
            TLane fast = TLane.Load(Fast + index);
            fast += (gradient - fast) * FastIntake;
            fast.Store(Fast + index);
            TLane slow = TLane.Load(Slow + index);
            slow += (gradient - slow) * SlowIntake;
            slow.Store(Slow + index);
            TLane second = (TLane.Load(Second + index) * Beta2) + (gradient * SecondIntake * gradient);
            second.Store(Second + index);
            TLane denominator = (TLane.Sqrt(second) * RootCorrection) + TLane.Broadcast(Epsilon);
            TLane value = (TLane.Load(parameter) * Shrink) - (((fast * FastStep) + (slow * SlowStep)) / denominator);
            value.Store(parameter);
        }
    }
}
