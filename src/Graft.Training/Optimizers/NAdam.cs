using Graft.Training.Optimizers.Lanes;

namespace Graft.Training.Optimizers;

/// <summary>
/// NAdam (Dozat 2016) as torch has it: Adam with Nesterov momentum whose coefficient grows, <c>mu_t = b1 * (1 - 0.5 * 0.96^(t * momentum_decay))</c>.
/// Weight decay is L2 unless decoupled. State: <c>exp_avg</c>, <c>exp_avg_sq</c>, and the counter <c>mu_product</c>.
/// </summary>
public sealed unsafe class NAdam : Optimizer
{
    private readonly AdamOptions _options;
    private readonly double _momentumDecay;
    private readonly bool _decoupled;
    private readonly OptimizerState _first;
    private readonly OptimizerState _second;
    private readonly double[] _products;
    private readonly Rule[] _rules;

    /// <summary>Allocates the moments.</summary>
    /// <param name="parameters">Where each parameter lies.</param>
    /// <param name="groups">Rates and decays.</param>
    /// <param name="options">Adam's options; AMSGrad is not among them.</param>
    /// <param name="momentumDecay">How fast the momentum grows.</param>
    /// <param name="decoupledWeightDecay">Shrink the parameter by <c>lr * weight_decay</c> before the step instead of adding L2.</param>
    public NAdam(IReadOnlyList<ParameterSlot> parameters, IReadOnlyList<ParameterGroup> groups, AdamOptions? options = null, double momentumDecay = 4e-3, bool decoupledWeightDecay = false)
        : base(parameters, groups)
    {
        _options = options ?? new AdamOptions();
        AdamOptions.RefuseAmsGrad(_options, nameof(NAdam));
        _momentumDecay = momentumDecay;
        _decoupled = decoupledWeightDecay;
        Direction = _options.Maximize ? -1 : 1;
        _first = AddState("exp_avg");
        _second = AddState("exp_avg_sq");
        _products = AddCounter("mu_product", parameters.Count, initial: 1);
        _rules = new Rule[parameters.Count];
    }

    private protected override void Prepare(int parameter, ParameterGroup group, double step)
    {
        double mu = MomentumAt(step);
        double next = MomentumAt(step + 1);
        double product = _products[parameter] *= mu;
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
            RootCorrection = (float)(1 / Math.Sqrt(1 - Math.Pow(_options.Beta2, step))),
            GradientStep = (float)(group.LearningRate * (1 - mu) / (1 - product)),
            MomentStep = (float)(group.LearningRate * next / (1 - (product * next))),
        };
    }

    private protected override void UpdateTile(in Tile tile, float* parameters, float* gradients, float scale)
        => UpdateRule.Apply(_rules[tile.Parameter], tile.Start, tile.Count, parameters, gradients, scale);

    private double MomentumAt(double step) => _options.Beta1 * (1 - (0.5 * Math.Pow(0.96, step * _momentumDecay)));

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
        public float RootCorrection;
        public float GradientStep;
        public float MomentStep;

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
            TLane denominator = (TLane.Sqrt(second) * RootCorrection) + TLane.Broadcast(Epsilon);
            value -= ((gradient * GradientStep) + (first * MomentStep)) / denominator;
            value.Store(parameter);
        }
    }
}
