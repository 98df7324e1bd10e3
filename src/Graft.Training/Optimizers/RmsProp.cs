using Graft.Training.Optimizers.Lanes;

namespace Graft.Training.Optimizers;

/// <summary>Options of <see cref="RmsProp"/>; the defaults are torch's.</summary>
/// <param name="Alpha">Decay of the mean square.</param>
/// <param name="Epsilon">Added to the root, outside of it.</param>
/// <param name="Momentum">Decay of a buffer of <c>g / root</c>; 0 keeps none.</param>
/// <param name="Centered">Divide by the deviation instead of the root mean square.</param>
/// <param name="Maximize">Climb instead of descend.</param>
public sealed record RmsPropOptions(double Alpha = 0.99, double Epsilon = 1e-8, double Momentum = 0, bool Centered = false, bool Maximize = false);

/// <summary>
/// RMSprop (Tieleman and Hinton 2012) as torch and bitsandbytes have it: <c>p -= lr * g / (sqrt(v) + eps)</c>. Weight decay is L2.
/// State: <c>square_avg</c>, then <c>momentum_buffer</c> and <c>grad_avg</c> where the options ask for them.
/// </summary>
public sealed unsafe class RmsProp : MomentOptimizer
{
    private readonly RmsPropOptions _options;
    private readonly Rule[] _rules;

    /// <summary>Allocates the state.</summary>
    /// <param name="parameters">Where each parameter lies.</param>
    /// <param name="groups">Rates and decays.</param>
    /// <param name="options">The algorithm's options.</param>
    /// <param name="eightBit">Keep moments in 8 bits; null for fp32.</param>
    public RmsProp(IReadOnlyList<ParameterSlot> parameters, IReadOnlyList<ParameterGroup> groups, RmsPropOptions? options = null, EightBitStates? eightBit = null)
        : base(parameters, groups, eightBit)
    {
        _options = options ?? new RmsPropOptions();
        Direction = _options.Maximize ? -1 : 1;
        AddMoment("square_avg");
        AddMoment("momentum_buffer", when: _options.Momentum != 0);
        AddMoment("grad_avg", when: _options.Centered);
        _rules = new Rule[parameters.Count];
    }

    private protected override void Prepare(int parameter, ParameterGroup group, double step)
    {
        _rules[parameter] = new Rule
        {
            L2 = (float)group.WeightDecay,
            Rate = (float)group.LearningRate,
            Alpha = (float)_options.Alpha,
            Intake = (float)(1 - _options.Alpha),
            Epsilon = (float)_options.Epsilon,
            Momentum = (float)_options.Momentum,
        };
    }

    private protected override void UpdateTile(in Tile tile, float* parameters, float* gradients, float scale)
        => Apply(_rules[tile.Parameter], tile, parameters, gradients, scale);

    private struct Rule : IMomentRule
    {
        public float* Square;
        public float* Buffer;
        public float* Mean;
        public float L2;
        public float Rate;
        public float Alpha;
        public float Intake;
        public float Epsilon;
        public float Momentum;

        public void Bind(in MomentWindows windows)
        {
            Square = windows[0];
            Buffer = windows[1];
            Mean = windows[2];
        }

        public readonly void Update<TLane>(float* parameter, TLane gradient, long index)
            where TLane : struct, ILane<TLane>
        {
            TLane value = TLane.Load(parameter);
            if (L2 != 0)
            {
                gradient += value * L2;
            }

            TLane square = (TLane.Load(Square + index) * Alpha) + (gradient * Intake * gradient);
            square.Store(Square + index);
            if (Mean is not null)
            {
                TLane mean = TLane.Load(Mean + index);
                mean += (gradient - mean) * Intake;
                mean.Store(Mean + index);
                square -= mean * mean;
            }

            TLane update = gradient / (TLane.Sqrt(square) + TLane.Broadcast(Epsilon));
            if (Buffer is not null)
            {
                update += TLane.Load(Buffer + index) * Momentum;
                update.Store(Buffer + index);
            }

            value -= update * Rate;
            value.Store(parameter);
        }
    }
}
