using Graft.Training.Optimizers.Lanes;

namespace Graft.Training.Optimizers;

/// <summary>
/// Lion (Chen et al. 2023, arXiv:2302.06675): <c>p -= lr * sign(b1 * m + (1 - b1) * g)</c>, then <c>m = b2 * m + (1 - b2) * g</c>. The
/// parameter is shrunk by <c>lr * weight_decay</c> before. State: <c>exp_avg</c>.
/// </summary>
public sealed unsafe class Lion : MomentOptimizer
{
    private readonly double _beta1;
    private readonly double _beta2;
    private readonly Rule[] _rules;

    /// <summary>Allocates the moment.</summary>
    /// <param name="parameters">Where each parameter lies.</param>
    /// <param name="groups">Rates (a tenth to a third of Adam's) and decays.</param>
    /// <param name="beta1">Weight of the moment in the direction.</param>
    /// <param name="beta2">Decay of the moment; the Trainer passes Adam's 0.999 instead.</param>
    /// <param name="eightBit">Keep moments in 8 bits; null for fp32.</param>
    public Lion(IReadOnlyList<ParameterSlot> parameters, IReadOnlyList<ParameterGroup> groups, double beta1 = 0.9, double beta2 = 0.99, EightBitStates? eightBit = null)
        : base(parameters, groups, eightBit)
    {
        _beta1 = beta1;
        _beta2 = beta2;
        AddMoment("exp_avg");
        _rules = new Rule[parameters.Count];
    }

    private protected override void Prepare(int parameter, ParameterGroup group, double step)
    {
        _rules[parameter] = new Rule
        {
            Shrink = (float)(1 - (group.LearningRate * group.WeightDecay)),
            Rate = (float)group.LearningRate,
            Beta1 = (float)_beta1,
            DirectionIntake = (float)(1 - _beta1),
            Beta2 = (float)_beta2,
            Intake = (float)(1 - _beta2),
        };
    }

    private protected override void UpdateTile(in Tile tile, float* parameters, float* gradients, float scale)
        => Apply(_rules[tile.Parameter], tile, parameters, gradients, scale);

    private struct Rule : IMomentRule
    {
        public float* First;
        public float Shrink;
        public float Rate;
        public float Beta1;
        public float DirectionIntake;
        public float Beta2;
        public float Intake;

        public void Bind(in MomentWindows windows) => First = windows[0];

        public readonly void Update<TLane>(float* parameter, TLane gradient, long index)
            where TLane : struct, ILane<TLane>
        {
            TLane first = TLane.Load(First + index);
            TLane direction = (first * Beta1) + (gradient * DirectionIntake);
            TLane step = TLane.BySign(direction, TLane.Broadcast(Rate), TLane.Broadcast(-Rate), TLane.Broadcast(0));
            TLane value = (TLane.Load(parameter) * Shrink) - step;
            value.Store(parameter);
            first = (first * Beta2) + (gradient * Intake);
            first.Store(First + index);
        }
    }
}
