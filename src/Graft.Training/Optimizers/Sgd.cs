using Graft.Training.Optimizers.Lanes;

namespace Graft.Training.Optimizers;

/// <summary>Options of <see cref="Sgd"/>; the defaults are torch's.</summary>
/// <param name="Momentum">Decay of the momentum buffer; 0 keeps none.</param>
/// <param name="Dampening">The part of each later gradient that does not enter the buffer.</param>
/// <param name="Nesterov">Look one momentum step ahead.</param>
/// <param name="Maximize">Climb instead of descend.</param>
public sealed record SgdOptions(double Momentum = 0, double Dampening = 0, bool Nesterov = false, bool Maximize = false);

/// <summary>
/// Stochastic gradient descent as torch has it: <c>b = momentum * b + (1 - dampening) * g</c>, then <c>p -= lr * b</c>
/// (Nesterov: <c>p -= lr * (g + momentum * b)</c>). The first buffer is the gradient itself, undampened. Weight decay is L2.
/// State with momentum: <c>momentum_buffer</c>.
/// </summary>
public sealed unsafe class Sgd : MomentOptimizer
{
    private readonly SgdOptions _options;
    private readonly Rule[] _rules;

    /// <summary>Allocates the momentum buffer, if there is momentum.</summary>
    /// <param name="parameters">Where each parameter lies.</param>
    /// <param name="groups">Rates and decays.</param>
    /// <param name="options">The algorithm's options.</param>
    /// <param name="eightBit">Keep moments in 8 bits; null for fp32.</param>
    /// <exception cref="ArgumentException">Nesterov without momentum, or with dampening.</exception>
    public Sgd(IReadOnlyList<ParameterSlot> parameters, IReadOnlyList<ParameterGroup> groups, SgdOptions? options = null, EightBitStates? eightBit = null)
        : base(parameters, groups, eightBit)
    {
        _options = options ?? new SgdOptions();
        if (_options.Nesterov && (_options.Momentum <= 0 || _options.Dampening != 0))
        {
            throw new ArgumentException("Nesterov momentum needs a momentum above 0 and no dampening.", nameof(options));
        }

        Direction = _options.Maximize ? -1 : 1;
        AddMoment("momentum_buffer", when: _options.Momentum != 0);
        _rules = new Rule[parameters.Count];
    }

    private protected override void Prepare(int parameter, ParameterGroup group, double step)
    {
        _rules[parameter] = new Rule
        {
            L2 = (float)group.WeightDecay,
            Rate = (float)group.LearningRate,
            Momentum = (float)_options.Momentum,
            Intake = step == 1 ? 1 : (float)(1 - _options.Dampening),
            Nesterov = _options.Nesterov,
        };
    }

    private protected override void UpdateTile(in Tile tile, float* parameters, float* gradients, float scale)
        => Apply(_rules[tile.Parameter], tile, parameters, gradients, scale);

    private struct Rule : IMomentRule
    {
        public float* Buffer;
        public float L2;
        public float Rate;
        public float Momentum;
        public float Intake;
        public bool Nesterov;

        public void Bind(in MomentWindows windows) => Buffer = windows[0];

        public readonly void Update<TLane>(float* parameter, TLane gradient, long index)
            where TLane : struct, ILane<TLane>
        {
            TLane value = TLane.Load(parameter);
            if (L2 != 0)
            {
                gradient += value * L2;
            }

            if (Buffer is not null)
            {
                // The buffer starts at zero, so the first step leaves the whole gradient in it.
                TLane buffer = (TLane.Load(Buffer + index) * Momentum) + (gradient * Intake);
                buffer.Store(Buffer + index);
                gradient = Nesterov ? gradient + (buffer * Momentum) : buffer;
            }

            value -= gradient * Rate;
            value.Store(parameter);
        }
    }
}
