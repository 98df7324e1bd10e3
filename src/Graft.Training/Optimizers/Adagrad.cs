using Graft.Training.Optimizers.Lanes;

namespace Graft.Training.Optimizers;

/// <summary>Options of <see cref="Adagrad"/>; the defaults are torch's.</summary>
/// <param name="LearningRateDecay">The rate of step t is <c>lr / (1 + (t - 1) * lr_decay)</c>.</param>
/// <param name="InitialAccumulator">What the sums of squares start with.</param>
/// <param name="Epsilon">Added to the root.</param>
/// <param name="Maximize">Climb instead of descend.</param>
public sealed record AdagradOptions(double LearningRateDecay = 0, double InitialAccumulator = 0, double Epsilon = 1e-10, bool Maximize = false);

/// <summary>
/// Adagrad (Duchi et al. 2011) as torch and bitsandbytes have it: <c>p -= lr_t * g / (sqrt(sum of g^2) + eps)</c>. Weight decay is L2.
/// State: <c>sum</c>.
/// </summary>
public sealed unsafe class Adagrad : MomentOptimizer
{
    private readonly AdagradOptions _options;
    private readonly Rule[] _rules;

    /// <summary>Allocates the sums.</summary>
    /// <param name="parameters">Where each parameter lies.</param>
    /// <param name="groups">Rates and decays.</param>
    /// <param name="options">The algorithm's options.</param>
    /// <param name="eightBit">Keep moments in 8 bits; null for fp32.</param>
    public Adagrad(IReadOnlyList<ParameterSlot> parameters, IReadOnlyList<ParameterGroup> groups, AdagradOptions? options = null, EightBitStates? eightBit = null)
        : base(parameters, groups, eightBit)
    {
        _options = options ?? new AdagradOptions();
        Direction = _options.Maximize ? -1 : 1;
        AddMoment("sum")!.Fill((float)_options.InitialAccumulator);
        _rules = new Rule[parameters.Count];
    }

    private protected override void Prepare(int parameter, ParameterGroup group, double step)
    {
        _rules[parameter] = new Rule
        {
            L2 = (float)group.WeightDecay,
            Rate = (float)(group.LearningRate / (1 + ((step - 1) * _options.LearningRateDecay))),
            Epsilon = (float)_options.Epsilon,
        };
    }

    private protected override void UpdateTile(in Tile tile, float* parameters, float* gradients, float scale)
        => Apply(_rules[tile.Parameter], tile, parameters, gradients, scale);

    private struct Rule : IMomentRule
    {
        public float* Sum;
        public float L2;
        public float Rate;
        public float Epsilon;

        public void Bind(in MomentWindows windows) => Sum = windows[0];

        public readonly void Update<TLane>(float* parameter, TLane gradient, long index)
            where TLane : struct, ILane<TLane>
        {
            TLane value = TLane.Load(parameter);
            if (L2 != 0)
            {
                gradient += value * L2;
            }

            TLane sum = TLane.Load(Sum + index) + (gradient * gradient);
            sum.Store(Sum + index);
            value -= gradient * Rate / (TLane.Sqrt(sum) + TLane.Broadcast(Epsilon));
            value.Store(parameter);
        }
    }
}
