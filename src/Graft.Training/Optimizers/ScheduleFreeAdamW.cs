using Graft.Training.Optimizers.Lanes;

namespace Graft.Training.Optimizers;

/// <summary>
/// Schedule-free AdamW and RAdam, the package's AdamWScheduleFree and RAdamScheduleFree: no first moment; the update is
/// <c>g / (sqrt(v / (1 - b2^t)) + eps)</c>. RAdam needs no warm-up: its rate is rectified, and 0 while the variance cannot be told.
/// Weight decay is taken at the training point. State: <c>z</c>, <c>exp_avg_sq</c>.
/// </summary>
public sealed unsafe class ScheduleFreeAdamW : ScheduleFreeOptimizer
{
    private const double SmallestTrustedLength = 4;

    private readonly double _beta2;
    private readonly double _epsilon;
    private readonly bool _rectified;
    private readonly bool _silent;
    private readonly OptimizerState _second;
    private readonly Rule[] _rules;

    /// <summary>Allocates iterate and moment.</summary>
    /// <param name="parameters">Where each parameter lies.</param>
    /// <param name="groups">Rates and decays.</param>
    /// <param name="options">What all schedule-free optimizers have.</param>
    /// <param name="beta2">Decay of the second moment.</param>
    /// <param name="epsilon">Added to the root.</param>
    /// <param name="rectified">RAdam instead of AdamW.</param>
    /// <param name="silentSgdPhase">RAdam: stand still while the variance cannot be told, instead of plain SGD.</param>
    public ScheduleFreeAdamW(
        IReadOnlyList<ParameterSlot> parameters,
        IReadOnlyList<ParameterGroup> groups,
        ScheduleFreeOptions? options = null,
        double beta2 = 0.999,
        double epsilon = 1e-8,
        bool rectified = false,
        bool silentSgdPhase = true)
        : base(parameters, groups, options ?? new ScheduleFreeOptions())
    {
        _beta2 = beta2;
        _epsilon = epsilon;
        _rectified = rectified;
        _silent = silentSgdPhase;
        _second = AddState("exp_avg_sq");
        _rules = new Rule[parameters.Count];
    }

    private protected override double RateAt(ParameterGroup group, double step)
    {
        if (!_rectified)
        {
            return base.RateAt(group, step);
        }

        (double length, double rectification) = RAdam.Rectify(_beta2, step);
        return group.LearningRate * (length > SmallestTrustedLength ? rectification : _silent ? 0 : 1);
    }

    private protected override void Prepare(int parameter, ParameterGroup group, double step)
    {
        double groupStep = StepOf(parameter).Step;
        _rules[parameter] = new Rule
        {
            Mover = MoverOf(parameter, group, step),
            Second = _second.Pointer,
            Beta2 = (float)_beta2,
            SecondIntake = (float)(1 - _beta2),
            Correction = (float)(1 / (1 - Math.Pow(_beta2, groupStep))),
            Epsilon = (float)_epsilon,
            Adaptive = !_rectified || RAdam.Rectify(_beta2, groupStep).Length > SmallestTrustedLength,
        };
    }

    private protected override void UpdateTile(in Tile tile, float* parameters, float* gradients, float scale)
        => UpdateRule.Apply(_rules[tile.Parameter], tile.Start, tile.Count, parameters, gradients, scale);

    private struct Rule : IUpdateRule
    {
        public Mover Mover;
        public float* Second;
        public float Beta2;
        public float SecondIntake;
        public float Correction;
        public float Epsilon;
        public bool Adaptive;

        public readonly void Update<TLane>(float* parameter, TLane gradient, long index)
            where TLane : struct, ILane<TLane>
        {
            TLane second = (TLane.Load(Second + index) * Beta2) + (gradient * SecondIntake * gradient);
            second.Store(Second + index);
            if (Adaptive)
            {
                gradient /= TLane.Sqrt(second * Correction) + TLane.Broadcast(Epsilon);
            }

            Mover.Move(parameter, gradient, index);
        }
    }
}
