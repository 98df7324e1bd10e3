using Graft.Training.Optimizers.Lanes;

namespace Graft.Training.Optimizers;

/// <summary>Options of <see cref="AveragedSgd"/>; the defaults are torch's.</summary>
/// <param name="Lambda">Decay of the parameter itself.</param>
/// <param name="Alpha">Power of the rate's decay.</param>
/// <param name="AverageFrom">Step after which the average forms (t0).</param>
/// <param name="Maximize">Climb instead of descend.</param>
public sealed record AveragedSgdOptions(double Lambda = 1e-4, double Alpha = 0.75, double AverageFrom = 1e6, bool Maximize = false);

/// <summary>
/// Averaged SGD (Polyak and Juditsky 1992) as torch's ASGD has it: SGD with the rate <c>lr / (1 + lambda * lr * t)^alpha</c> and a
/// running mean of the parameters in <c>ax</c>. Weight decay is L2. State: <c>ax</c>, and the counters <c>eta</c> and <c>mu</c>.
/// </summary>
public sealed unsafe class AveragedSgd : Optimizer
{
    private readonly AveragedSgdOptions _options;
    private readonly OptimizerState _average;
    private readonly double[] _rates;
    private readonly double[] _weights;
    private readonly Rule[] _rules;

    /// <summary>Allocates the average.</summary>
    /// <param name="parameters">Where each parameter lies.</param>
    /// <param name="groups">Rates and decays.</param>
    /// <param name="options">The algorithm's options.</param>
    public AveragedSgd(IReadOnlyList<ParameterSlot> parameters, IReadOnlyList<ParameterGroup> groups, AveragedSgdOptions? options = null)
        : base(parameters, groups)
    {
        _options = options ?? new AveragedSgdOptions();
        Direction = _options.Maximize ? -1 : 1;
        _average = AddState("ax");
        _rates = AddCounter("eta", parameters.Count);
        _weights = AddCounter("mu", parameters.Count, initial: 1);
        _rules = new Rule[parameters.Count];
    }

    private protected override void Prepare(int parameter, ParameterGroup group, double step)
    {
        // torch uses the rate and the weight that the step before left behind.
        double rate = step == 1 ? group.LearningRate : _rates[parameter];
        _rules[parameter] = new Rule
        {
            Average = _average.Pointer,
            L2 = (float)group.WeightDecay,
            Shrink = (float)(1 - (_options.Lambda * rate)),
            Rate = (float)rate,
            Weight = (float)_weights[parameter],
        };
        _rates[parameter] = group.LearningRate / Math.Pow(1 + (_options.Lambda * group.LearningRate * step), _options.Alpha);
        _weights[parameter] = 1 / Math.Max(1, step - _options.AverageFrom);
    }

    private protected override void UpdateTile(in Tile tile, float* parameters, float* gradients, float scale)
        => UpdateRule.Apply(_rules[tile.Parameter], tile.Start, tile.Count, parameters, gradients, scale);

    private struct Rule : IUpdateRule
    {
        public float* Average;
        public float L2;
        public float Shrink;
        public float Rate;
        public float Weight;

        public readonly void Update<TLane>(float* parameter, TLane gradient, long index)
            where TLane : struct, ILane<TLane>
        {
            TLane value = TLane.Load(parameter);
            if (L2 != 0)
            {
                gradient += value * L2;
            }

            value = (value * Shrink) - (gradient * Rate);
            value.Store(parameter);
            TLane average = TLane.Load(Average + index);
            average = Weight == 1 ? value : average + ((value - average) * Weight);
            average.Store(Average + index);
        }
    }
}
