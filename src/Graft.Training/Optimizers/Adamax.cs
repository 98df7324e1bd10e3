using Graft.Training.Optimizers.Lanes;

namespace Graft.Training.Optimizers;

/// <summary>
/// Adamax (Kingma and Ba 2015, section 7.1) as torch has it: Adam with the infinity norm, <c>u = max(b2 * u, |g| + eps)</c> and
/// <c>p -= lr / (1 - b1^t) * m / u</c>. Weight decay is L2. State: <c>exp_avg</c>, <c>exp_inf</c>.
/// </summary>
public sealed unsafe class Adamax : Optimizer
{
    private readonly AdamOptions _options;
    private readonly OptimizerState _first;
    private readonly OptimizerState _largest;
    private readonly Rule[] _rules;

    /// <summary>Allocates the state.</summary>
    /// <param name="parameters">Where each parameter lies.</param>
    /// <param name="groups">Rates and decays.</param>
    /// <param name="options">The algorithm's options; AMSGrad is not among them.</param>
    public Adamax(IReadOnlyList<ParameterSlot> parameters, IReadOnlyList<ParameterGroup> groups, AdamOptions? options = null)
        : base(parameters, groups)
    {
        _options = options ?? new AdamOptions();
        AdamOptions.RefuseAmsGrad(_options, nameof(Adamax));
        Direction = _options.Maximize ? -1 : 1;
        _first = AddState("exp_avg");
        _largest = AddState("exp_inf");
        _rules = new Rule[parameters.Count];
    }

    private protected override void Prepare(int parameter, ParameterGroup group, double step)
    {
        _rules[parameter] = new Rule
        {
            First = _first.Pointer,
            Largest = _largest.Pointer,
            L2 = (float)group.WeightDecay,
            FirstWeight = (float)(1 - _options.Beta1),
            Beta2 = (float)_options.Beta2,
            Epsilon = (float)_options.Epsilon,
            StepSize = (float)(group.LearningRate / (1 - Math.Pow(_options.Beta1, step))),
        };
    }

    private protected override void UpdateTile(in Tile tile, float* parameters, float* gradients, float scale)
        => UpdateRule.Apply(_rules[tile.Parameter], tile.Start, tile.Count, parameters, gradients, scale);

    private struct Rule : IUpdateRule
    {
        public float* First;
        public float* Largest;
        public float L2;
        public float FirstWeight;
        public float Beta2;
        public float Epsilon;
        public float StepSize;

        public readonly void Update<TLane>(float* parameter, TLane gradient, long index)
            where TLane : struct, ILane<TLane>
        {
            TLane value = TLane.Load(parameter);
            if (L2 != 0)
            {
                gradient += value * L2;
            }

            TLane first = TLane.Load(First + index);
            first += (gradient - first) * FirstWeight;
            first.Store(First + index);
            TLane largest = TLane.Max(TLane.Load(Largest + index) * Beta2, TLane.Abs(gradient) + TLane.Broadcast(Epsilon));
            largest.Store(Largest + index);
            value -= first * StepSize / largest;
            value.Store(parameter);
        }
    }
}
