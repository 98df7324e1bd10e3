using Graft.Training.Optimizers.Lanes;

namespace Graft.Training.Optimizers;

/// <summary>Options of <see cref="Adam"/>, <see cref="AdamW"/> and their relatives; the defaults are torch's.</summary>
/// <param name="Beta1">Decay of the first moment.</param>
/// <param name="Beta2">Decay of the second moment.</param>
/// <param name="Epsilon">Added to the root of the corrected second moment.</param>
/// <param name="AmsGrad">Divide by the largest second moment so far. The maximum is taken before the bias correction.</param>
/// <param name="Maximize">Climb instead of descend.</param>
public sealed record AdamOptions(double Beta1 = 0.9, double Beta2 = 0.999, double Epsilon = 1e-8, bool AmsGrad = false, bool Maximize = false)
{
    internal static void RefuseAmsGrad(AdamOptions options, string optimizer)
    {
        if (options.AmsGrad)
        {
            throw new ArgumentException($"{optimizer} has no AMSGrad variant.", nameof(options));
        }
    }
}

/// <summary>
/// Adam (Kingma and Ba 2015, arXiv:1412.6980) with torch's arithmetic: <c>p -= lr / (1 - b1^t) * m / (sqrt(v) / sqrt(1 - b2^t) + eps)</c>.
/// Weight decay is L2, a part of the gradient, unless it is decoupled (<see cref="AdamW"/>). State: <c>exp_avg</c>,
/// <c>exp_avg_sq</c>, with AMSGrad also <c>max_exp_avg_sq</c>.
/// </summary>
public unsafe class Adam : MomentOptimizer
{
    private readonly AdamOptions _options;
    private readonly bool _decoupled;
    private readonly Rule[] _rules;

    /// <summary>Allocates the moments.</summary>
    /// <param name="parameters">Where each parameter lies.</param>
    /// <param name="groups">Rates and decays.</param>
    /// <param name="options">The algorithm's options.</param>
    /// <param name="decoupledWeightDecay">Shrink the parameter by <c>lr * weight_decay</c> before the step instead of adding L2.</param>
    /// <param name="eightBit">Keep moments in 8 bits; null for fp32.</param>
    public Adam(IReadOnlyList<ParameterSlot> parameters, IReadOnlyList<ParameterGroup> groups, AdamOptions? options = null, bool decoupledWeightDecay = false, EightBitStates? eightBit = null)
        : base(parameters, groups, eightBit)
    {
        _options = options ?? new AdamOptions();
        _decoupled = decoupledWeightDecay;
        Direction = _options.Maximize ? -1 : 1;
        AddMoment("exp_avg");
        AddMoment("exp_avg_sq", signed: false);
        AddMoment("max_exp_avg_sq", when: _options.AmsGrad, signed: false);
        _rules = new Rule[parameters.Count];
    }

    private protected override void Prepare(int parameter, ParameterGroup group, double step)
    {
        _rules[parameter] = new Rule
        {
            Shrink = _decoupled ? (float)(1 - (group.LearningRate * group.WeightDecay)) : 1,
            L2 = _decoupled ? 0 : (float)group.WeightDecay,
            FirstWeight = (float)(1 - _options.Beta1),
            Beta2 = (float)_options.Beta2,
            SecondWeight = (float)(1 - _options.Beta2),
            Epsilon = (float)_options.Epsilon,
            StepSize = (float)(group.LearningRate / (1 - Math.Pow(_options.Beta1, step))),
            RootCorrection = (float)(1 / Math.Sqrt(1 - Math.Pow(_options.Beta2, step))),
        };
    }

    private protected override void UpdateTile(in Tile tile, float* parameters, float* gradients, float scale)
        => Apply(_rules[tile.Parameter], tile, parameters, gradients, scale);

    private struct Rule : IMomentRule
    {
        public float* First;
        public float* Second;
        public float* Largest;
        public float Shrink;
        public float L2;
        public float FirstWeight;
        public float Beta2;
        public float SecondWeight;
        public float Epsilon;
        public float StepSize;
        public float RootCorrection;

        public void Bind(in MomentWindows windows)
        {
            First = windows[0];
            Second = windows[1];
            Largest = windows[2];
        }

        public readonly void Update<TLane>(float* parameter, TLane gradient, long index)
            where TLane : struct, ILane<TLane>
        {
            TLane value = TLane.Load(parameter) * Shrink;
            if (L2 != 0)
            {
                gradient += value * L2;
            }

            TLane first = TLane.Load(First + index);
            first += (gradient - first) * FirstWeight;
            first.Store(First + index);
            TLane second = (TLane.Load(Second + index) * Beta2) + (gradient * SecondWeight * gradient);
            second.Store(Second + index);
            if (Largest is not null)
            {
                second = TLane.Max(TLane.Load(Largest + index), second);
                second.Store(Largest + index);
            }

            TLane denominator = (TLane.Sqrt(second) * RootCorrection) + TLane.Broadcast(Epsilon);
            value -= first * StepSize / denominator;
            value.Store(parameter);
        }
    }
}
