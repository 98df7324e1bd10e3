using Graft.Training.Optimizers.Lanes;

namespace Graft.Training.Optimizers;

/// <summary>Schedule-free SGD, the package's SGDScheduleFree. Weight decay is taken at the training point. State: <c>z</c>.</summary>
public sealed unsafe class ScheduleFreeSgd : ScheduleFreeOptimizer
{
    private readonly Rule[] _rules;

    /// <summary>Allocates the iterate.</summary>
    /// <param name="parameters">Where each parameter lies.</param>
    /// <param name="groups">Rates and decays.</param>
    /// <param name="options">The algorithm's options.</param>
    public ScheduleFreeSgd(IReadOnlyList<ParameterSlot> parameters, IReadOnlyList<ParameterGroup> groups, ScheduleFreeOptions? options = null)
        : base(parameters, groups, options ?? new ScheduleFreeOptions()) => _rules = new Rule[parameters.Count];

    private protected override void Prepare(int parameter, ParameterGroup group, double step)
        => _rules[parameter] = new Rule { Mover = MoverOf(parameter, group, step) };

    private protected override void UpdateTile(in Tile tile, float* parameters, float* gradients, float scale)
        => UpdateRule.Apply(_rules[tile.Parameter], tile.Start, tile.Count, parameters, gradients, scale);

    private struct Rule : IUpdateRule
    {
        public Mover Mover;

        public readonly void Update<TLane>(float* parameter, TLane gradient, long index)
            where TLane : struct, ILane<TLane>
            => Mover.Move(parameter, gradient, index);
    }
}
