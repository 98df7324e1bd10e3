using Graft.Training.Optimizers.Lanes;

namespace Graft.Training.Optimizers;

/// <summary>Options of <see cref="Adadelta"/>; the defaults are torch's.</summary>
/// <param name="Rho">Decay of both means.</param>
/// <param name="Epsilon">Added inside both roots.</param>
/// <param name="Maximize">Climb instead of descend.</param>
public sealed record AdadeltaOptions(double Rho = 0.9, double Epsilon = 1e-6, bool Maximize = false);

/// <summary>
/// Adadelta (Zeiler 2012, arXiv:1212.5701) as torch has it: <c>p -= lr * g * sqrt(mean delta^2 + eps) / sqrt(mean g^2 + eps)</c>. Weight
/// decay is L2. State: <c>square_avg</c>, <c>acc_delta</c>.
/// </summary>
public sealed unsafe class Adadelta : Optimizer
{
    private readonly AdadeltaOptions _options;
    private readonly OptimizerState _square;
    private readonly OptimizerState _delta;
    private readonly Rule[] _rules;

    /// <summary>Allocates the means.</summary>
    /// <param name="parameters">Where each parameter lies.</param>
    /// <param name="groups">Rates and decays.</param>
    /// <param name="options">The algorithm's options.</param>
    public Adadelta(IReadOnlyList<ParameterSlot> parameters, IReadOnlyList<ParameterGroup> groups, AdadeltaOptions? options = null)
        : base(parameters, groups)
    {
        _options = options ?? new AdadeltaOptions();
        Direction = _options.Maximize ? -1 : 1;
        _square = AddState("square_avg");
        _delta = AddState("acc_delta");
        _rules = new Rule[parameters.Count];
    }

    private protected override void Prepare(int parameter, ParameterGroup group, double step)
    {
        _rules[parameter] = new Rule
        {
            Square = _square.Pointer,
            Delta = _delta.Pointer,
            L2 = (float)group.WeightDecay,
            Rate = (float)group.LearningRate,
            Rho = (float)_options.Rho,
            Intake = (float)(1 - _options.Rho),
            Epsilon = (float)_options.Epsilon,
        };
    }

    private protected override void UpdateTile(in Tile tile, float* parameters, float* gradients, float scale)
        => UpdateRule.Apply(_rules[tile.Parameter], tile.Start, tile.Count, parameters, gradients, scale);

    private struct Rule : IUpdateRule
    {
        public float* Square;
        public float* Delta;
        public float L2;
        public float Rate;
        public float Rho;
        public float Intake;
        public float Epsilon;

        public readonly void Update<TLane>(float* parameter, TLane gradient, long index)
            where TLane : struct, ILane<TLane>
        {
            TLane value = TLane.Load(parameter);
            if (L2 != 0)
            {
                gradient += value * L2;
            }

            TLane epsilon = TLane.Broadcast(Epsilon);
            TLane square = (TLane.Load(Square + index) * Rho) + (gradient * Intake * gradient);
            square.Store(Square + index);
            TLane mean = TLane.Load(Delta + index);
            TLane delta = TLane.Sqrt(mean + epsilon) / TLane.Sqrt(square + epsilon) * gradient;
            mean = (mean * Rho) + (delta * Intake * delta);
            mean.Store(Delta + index);
            value -= delta * Rate;
            value.Store(parameter);
        }
    }
}
