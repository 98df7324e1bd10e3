namespace Graft.Training.Optimizers;

/// <summary>Options of <see cref="Adafactor"/>; the defaults are transformers', but the Trainer switches scaling and relative steps off.</summary>
/// <param name="SquareEpsilon">Added to squared gradients (eps[0]).</param>
/// <param name="ScaleEpsilon">Smallest magnitude of a parameter that the step is scaled by (eps[1]).</param>
/// <param name="ClipThreshold">Largest root mean square of an update.</param>
/// <param name="DecayRate">The second moment's decay at step t is <c>1 - t^decay_rate</c>.</param>
/// <param name="Beta1">Decay of a running mean of updates; null: none.</param>
/// <param name="ScaleParameter">Multiply the rate by the parameter's root mean square.</param>
/// <param name="RelativeStep">Use <c>min(1e-2, 1 / sqrt(t))</c> instead of the group's rate.</param>
/// <param name="WarmupInit">With relative steps: <c>1e-6 * t</c> instead of 1e-2.</param>
public sealed record AdafactorOptions(
    double SquareEpsilon = 1e-30,
    double ScaleEpsilon = 1e-3,
    double ClipThreshold = 1,
    double DecayRate = -0.8,
    double? Beta1 = null,
    bool ScaleParameter = true,
    bool RelativeStep = true,
    bool WarmupInit = false);

/// <summary>
/// Adafactor as transformers has it. Weight decay uses the same rate as the step; the running mean is one of updates that include the
/// rate. State: <c>exp_avg_sq_row</c> and <c>exp_avg_sq_col</c> of matrices, <c>exp_avg_sq</c> of vectors, and <c>exp_avg</c> with beta1.
/// </summary>
public sealed class Adafactor : FactoredOptimizer
{
    private readonly AdafactorOptions _options;
    private readonly double[] _stepOf;
    private readonly double[] _rateOf;

    /// <summary>Allocates the moments.</summary>
    /// <param name="parameters">Where each parameter lies.</param>
    /// <param name="groups">Decays, and rates unless steps are relative.</param>
    /// <param name="options">The algorithm's options.</param>
    public Adafactor(IReadOnlyList<ParameterSlot> parameters, IReadOnlyList<ParameterGroup> groups, AdafactorOptions? options = null)
        : base(parameters, groups, ("exp_avg_sq_row", "exp_avg_sq_col", "exp_avg_sq"), keepDimensions: false)
    {
        _options = options ?? new AdafactorOptions();
        if (_options.WarmupInit && !_options.RelativeStep)
        {
            throw new ArgumentException("warmup_init needs relative_step.", nameof(options));
        }

        Moment = _options.Beta1 is null ? null : AddState("exp_avg");
        _stepOf = new double[parameters.Count];
        _rateOf = new double[parameters.Count];
    }

    private protected override void Prepare(int parameter, ParameterGroup group, double step)
    {
        _stepOf[parameter] = step;
        _rateOf[parameter] = _options.RelativeStep
            ? Math.Min(_options.WarmupInit ? 1e-6 * step : 1e-2, 1 / Math.Sqrt(step))
            : group.LearningRate;
    }

    private protected override Coefficients CoefficientsOf(int parameter, double magnitude)
    {
        double rate = _rateOf[parameter] * (_options.ScaleParameter ? Math.Max(_options.ScaleEpsilon, magnitude) : 1);
        return new Coefficients
        {
            Keep = 1 - Math.Pow(_stepOf[parameter], _options.DecayRate),
            Rate = rate,
            Shrink = 1 - (Groups[Parameters[parameter].Group].WeightDecay * rate),
            ClipThreshold = _options.ClipThreshold,
            SquareEpsilon = _options.SquareEpsilon,
            Beta1 = _options.Beta1 ?? 0,
        };
    }
}
