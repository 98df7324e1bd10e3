using Graft.Training.Optimizers.Lanes;

namespace Graft.Training.Optimizers;

/// <summary>
/// RAdam (Liu et al. 2020, arXiv:1908.03265) as torch has it: the adaptive step is rectified by the variance's expected size, and
/// while that cannot be told (rho up to 5) the step is plain corrected momentum. Weight decay is L2 unless decoupled. State:
/// <c>exp_avg</c>, <c>exp_avg_sq</c>.
/// </summary>
public sealed unsafe class RAdam : Optimizer
{
    private const double SmallestTrustedLength = 5;

    private readonly AdamOptions _options;
    private readonly bool _decoupled;
    private readonly OptimizerState _first;
    private readonly OptimizerState _second;
    private readonly Rule[] _rules;

    /// <summary>Allocates the moments.</summary>
    /// <param name="parameters">Where each parameter lies.</param>
    /// <param name="groups">Rates and decays.</param>
    /// <param name="options">Adam's options; AMSGrad is not among them.</param>
    /// <param name="decoupledWeightDecay">Shrink the parameter by <c>lr * weight_decay</c> before the step instead of adding L2.</param>
    public RAdam(IReadOnlyList<ParameterSlot> parameters, IReadOnlyList<ParameterGroup> groups, AdamOptions? options = null, bool decoupledWeightDecay = false)
        : base(parameters, groups)
    {
        _options = options ?? new AdamOptions();
        AdamOptions.RefuseAmsGrad(_options, nameof(RAdam));
        _decoupled = decoupledWeightDecay;
        Direction = _options.Maximize ? -1 : 1;
        _first = AddState("exp_avg");
        _second = AddState("exp_avg_sq");
        _rules = new Rule[parameters.Count];
    }

    /// <summary>The length of the averaging window that the second moment amounts to, and the rectification for it.</summary>
    internal static (double Length, double Rectification) Rectify(double beta2, double step)
    {
        double power = Math.Pow(beta2, step);
        double limit = (2 / (1 - beta2)) - 1;
        double length = limit - (2 * step * power / (1 - power));
        return (length, Math.Sqrt((length - 4) * (length - 2) * limit / ((limit - 4) * (limit - 2) * length)));
    }

    private protected override void Prepare(int parameter, ParameterGroup group, double step)
    {
        double corrected = group.LearningRate / (1 - Math.Pow(_options.Beta1, step));
        (double length, double rectification) = Rectify(_options.Beta2, step);
        bool adaptive = length > SmallestTrustedLength;
        _rules[parameter] = new Rule
        {
            First = _first.Pointer,
            Second = _second.Pointer,
            Shrink = _decoupled ? (float)(1 - (group.LearningRate * group.WeightDecay)) : 1,
            L2 = _decoupled ? 0 : (float)group.WeightDecay,
            FirstWeight = (float)(1 - _options.Beta1),
            Beta2 = (float)_options.Beta2,
            SecondWeight = (float)(1 - _options.Beta2),
            Epsilon = (float)_options.Epsilon,
            Adaptive = adaptive,
            StepSize = (float)(adaptive ? corrected * rectification * Math.Sqrt(1 - Math.Pow(_options.Beta2, step)) : corrected),
        };
    }

    private protected override void UpdateTile(in Tile tile, float* parameters, float* gradients, float scale)
        => UpdateRule.Apply(_rules[tile.Parameter], tile.Start, tile.Count, parameters, gradients, scale);

    private struct Rule : IUpdateRule
    {
        public float* First;
        public float* Second;
        public float Shrink;
        public float L2;
        public float FirstWeight;
        public float Beta2;
        public float SecondWeight;
        public float Epsilon;
        public float StepSize;
        public bool Adaptive;

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
            TLane update = first * StepSize;
            if (Adaptive)
            {
                update /= TLane.Sqrt(second) + TLane.Broadcast(Epsilon);
            }

            value -= update;
            value.Store(parameter);
        }
    }
}
