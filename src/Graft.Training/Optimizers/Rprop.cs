using Graft.Training.Optimizers.Lanes;

namespace Graft.Training.Optimizers;

/// <summary>Options of <see cref="Rprop"/>; the defaults are torch's.</summary>
/// <param name="Shrink">Factor of a step size whose gradient changed its sign (eta minus).</param>
/// <param name="Grow">Factor of one whose gradient kept it (eta plus).</param>
/// <param name="Smallest">Smallest step size.</param>
/// <param name="Largest">Largest step size.</param>
/// <param name="Maximize">Climb instead of descend.</param>
public sealed record RpropOptions(double Shrink = 0.5, double Grow = 1.2, double Smallest = 1e-6, double Largest = 50, bool Maximize = false);

/// <summary>
/// Rprop (Riedmiller and Braun 1993) as torch has it: every element has a step size of its own, which the gradient's sign alone
/// moves; the group's rate is where step sizes start. There is no weight decay. State: <c>prev</c>, <c>step_size</c>.
/// </summary>
public sealed unsafe class Rprop : Optimizer
{
    private readonly RpropOptions _options;
    private readonly OptimizerState _previous;
    private readonly OptimizerState _size;
    private readonly Rule[] _rules;

    /// <summary>Allocates the state.</summary>
    /// <param name="parameters">Where each parameter lies.</param>
    /// <param name="groups">First step sizes.</param>
    /// <param name="options">The algorithm's options.</param>
    public Rprop(IReadOnlyList<ParameterSlot> parameters, IReadOnlyList<ParameterGroup> groups, RpropOptions? options = null)
        : base(parameters, groups)
    {
        _options = options ?? new RpropOptions();
        Direction = _options.Maximize ? -1 : 1;
        _previous = AddState("prev");
        _size = AddState("step_size");
        _rules = new Rule[parameters.Count];
    }

    private protected override void Prepare(int parameter, ParameterGroup group, double step)
    {
        if (step == 1)
        {
            ParameterSlot slot = Parameters[parameter];
            for (long i = 0; i < slot.Count; i++)
            {
                _size.Pointer[slot.Offset + i] = (float)group.LearningRate;
            }
        }

        _rules[parameter] = new Rule
        {
            Previous = _previous.Pointer,
            Size = _size.Pointer,
            Shrink = (float)_options.Shrink,
            Grow = (float)_options.Grow,
            Smallest = (float)_options.Smallest,
            Largest = (float)_options.Largest,
        };
    }

    private protected override void UpdateTile(in Tile tile, float* parameters, float* gradients, float scale)
        => UpdateRule.Apply(_rules[tile.Parameter], tile.Start, tile.Count, parameters, gradients, scale);

    private struct Rule : IUpdateRule
    {
        public float* Previous;
        public float* Size;
        public float Shrink;
        public float Grow;
        public float Smallest;
        public float Largest;

        public readonly void Update<TLane>(float* parameter, TLane gradient, long index)
            where TLane : struct, ILane<TLane>
        {
            TLane zero = TLane.Broadcast(0);
            TLane agreement = gradient * TLane.Load(Previous + index);
            TLane factor = TLane.BySign(agreement, TLane.Broadcast(Grow), TLane.Broadcast(Shrink), TLane.Broadcast(1));
            TLane size = TLane.Min(TLane.Max(TLane.Load(Size + index) * factor, TLane.Broadcast(Smallest)), TLane.Broadcast(Largest));
            size.Store(Size + index);

            // After a change of sign there is no step, and the next gradient starts afresh.
            gradient = TLane.BySign(agreement, gradient, zero, gradient);
            gradient.Store(Previous + index);
            TLane value = TLane.Load(parameter) - TLane.BySign(gradient, size, zero - size, zero);
            value.Store(parameter);
        }
    }
}
