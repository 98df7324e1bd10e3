using Graft.Training.Optimizers.Lanes;

namespace Graft.Training.Optimizers;

/// <summary>An optimizer that treats elements alike and keeps up to three moments of each, in fp32 or in 8 bits.</summary>
public abstract unsafe class MomentOptimizer : Optimizer
{
    // Blocks at a time: the decoded moments of these elements stay in the first-level cache.
    private const int Chunk = 4 * EightBitStates.BlockSize;

    private readonly EightBitStates? _eightBit;
    private readonly List<Moment?> _moments = [];

    /// <summary>Checks the layout and cuts it into tiles.</summary>
    /// <param name="parameters">Where each parameter lies.</param>
    /// <param name="groups">The groups that the slots refer to.</param>
    /// <param name="eightBit">Keep moments in 8 bits; null for fp32.</param>
    private protected MomentOptimizer(IReadOnlyList<ParameterSlot> parameters, IReadOnlyList<ParameterGroup> groups, EightBitStates? eightBit)
        : base(parameters, groups)
        => _eightBit = eightBit;

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _moments.ForEach(moment => moment?.Dispose());
        }

        base.Dispose(disposing);
    }

    /// <summary>Adds a moment; rules find it by its place among those added.</summary>
    /// <param name="name">Its name in torch.</param>
    /// <param name="when">Whether the options ask for it.</param>
    /// <param name="signed">Whether its 8-bit codes have a sign.</param>
    private protected Moment? AddMoment(string name, bool when = true, bool signed = true)
    {
        Moment? moment = when ? new Moment(name, Parameters, _eightBit, signed) : null;
        _moments.Add(moment);
        if (moment is not null)
        {
            AddStates(moment.Buffers);
        }

        return moment;
    }

    /// <summary>Applies a rule to a tile.</summary>
    private protected void Apply<TRule>(TRule rule, in Tile tile, float* parameters, float* gradients, float scale)
        where TRule : struct, IMomentRule
    {
        int parameter = tile.Parameter;
        ParameterSlot slot = Parameters[parameter];
        if (_eightBit?.Applies(slot) == true)
        {
            ApplyDecoded(rule, tile, slot.Offset, parameters, gradients, scale);
            return;
        }

        MomentWindows windows = default;
        for (int i = 0; i < _moments.Count; i++)
        {
            windows[i] = _moments[i] is { } moment ? moment.Window(parameter, slot) : null;
        }

        rule.Bind(windows);
        UpdateRule.Apply(rule, tile.Start, tile.Count, parameters, gradients, scale);
    }

    private void ApplyDecoded<TRule>(TRule rule, in Tile tile, long offset, float* parameters, float* gradients, float scale)
        where TRule : struct, IMomentRule
    {
        float* decoded = stackalloc float[MomentWindows.Maximum * Chunk];
        for (long start = tile.Start; start < tile.Start + tile.Count; start += Chunk)
        {
            int count = (int)Math.Min(Chunk, tile.Start + tile.Count - start);
            MomentWindows windows = default;
            for (int i = 0; i < _moments.Count; i++)
            {
                if (_moments[i] is { } moment)
                {
                    moment.Decode(tile.Parameter, start - offset, count, decoded + (i * Chunk));
                    windows[i] = decoded + (i * Chunk) - start;
                }
            }

            rule.Bind(windows);
            UpdateRule.Apply(rule, start, count, parameters, gradients, scale);
            for (int i = 0; i < _moments.Count; i++)
            {
                _moments[i]?.Encode(tile.Parameter, start - offset, count, decoded + (i * Chunk));
            }
        }
    }
}
