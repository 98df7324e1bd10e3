namespace Graft.Training.Optimizers;

/// <summary>
/// Adafactor as <c>torch.optim</c> has it, which is not transformers': parameters shrink by <c>lr * weight_decay</c> first; the rate is
/// <c>min(lr, 1 / sqrt(t))</c> times the parameter's root mean square, always; nothing is added to squared gradients, but the estimate has
/// a floor. State: <c>row_var</c> and <c>col_var</c> of matrices, <c>variance</c> of vectors.
/// </summary>
public sealed class TorchAdafactor : FactoredOptimizer
{
    private readonly double _betaDecay;
    private readonly double _epsilon;
    private readonly double _scaleEpsilon;
    private readonly double _clipThreshold;
    private readonly double[] _stepOf;

    /// <summary>Allocates the moments.</summary>
    /// <param name="parameters">Where each parameter lies.</param>
    /// <param name="groups">Rates (torch's default is 0.01) and decays.</param>
    /// <param name="betaDecay">The new square's weight at step t is <c>t^beta2_decay</c>.</param>
    /// <param name="epsilon">Floor of the estimate's root (eps[0]); null: the spacing of fp32 at 1.</param>
    /// <param name="scaleEpsilon">Smallest magnitude of a parameter that the step is scaled by (eps[1]).</param>
    /// <param name="clipThreshold">Largest root mean square of an update (d).</param>
    /// <param name="maximize">Climb instead of descend.</param>
    public TorchAdafactor(
        IReadOnlyList<ParameterSlot> parameters,
        IReadOnlyList<ParameterGroup> groups,
        double betaDecay = -0.8,
        double? epsilon = null,
        double scaleEpsilon = 1e-3,
        double clipThreshold = 1,
        bool maximize = false)
        : base(parameters, groups, ("row_var", "col_var", "variance"), keepDimensions: true)
    {
        _betaDecay = betaDecay;
        _epsilon = epsilon ?? MathF.BitIncrement(1) - 1;
        _scaleEpsilon = scaleEpsilon;
        _clipThreshold = clipThreshold;
        Direction = maximize ? -1 : 1;
        _stepOf = new double[parameters.Count];
    }

    private protected override void Prepare(int parameter, ParameterGroup group, double step) => _stepOf[parameter] = step;

    private protected override Coefficients CoefficientsOf(int parameter, double magnitude)
    {
        ParameterGroup group = Groups[Parameters[parameter].Group];
        double step = _stepOf[parameter];
        return new Coefficients
        {
            Keep = 1 - Math.Pow(step, _betaDecay),
            Rate = Math.Min(group.LearningRate, 1 / Math.Sqrt(step)) * Math.Max(_scaleEpsilon, magnitude),
            Shrink = 1 - (group.LearningRate * group.WeightDecay),
            ClipThreshold = _clipThreshold,
            MeanFloor = _epsilon,
            EstimateFloor = _epsilon * _epsilon,
        };
    }
}
