using Graft.Tensors;
using Graft.Tensors.Threading;

namespace Graft.Training.Optimizers;

/// <summary>
/// Updates trainable parameters in place from their gradients. All parameters lie in one flat fp32 buffer, all gradients in a
/// second one with the same layout, and every moment is one more flat buffer that the optimizer owns.
/// </summary>
/// <remarks>
/// A step is <see cref="Begin"/> once and then every tile exactly once, in any order and on any thread:
/// <see cref="Update"/> touches only its tiles, so results are the same bits for any number of threads.
/// A step allocates nothing. <see cref="State"/> and <see cref="Counters"/> are all there is to save: an optimizer built alike
/// and given the same contents goes on bit for bit.
/// </remarks>
public abstract unsafe class Optimizer : IDisposable
{
    private const int TileLength = 16384;

    private readonly List<OptimizerState> _state = [];
    private readonly List<OptimizerCounter> _counters = [];
    private readonly bool[] _skipped;
    private readonly Tile[] _tiles;
    private readonly double[] _steps;

    /// <summary>Checks the layout and cuts it into tiles.</summary>
    /// <param name="parameters">Where each parameter lies; they must not overlap.</param>
    /// <param name="groups">The groups that the slots refer to.</param>
    /// <param name="wholeParameters">One tile for each parameter, for updates that need a whole matrix at once.</param>
    private protected Optimizer(IReadOnlyList<ParameterSlot> parameters, IReadOnlyList<ParameterGroup> groups, bool wholeParameters = false)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        ArgumentNullException.ThrowIfNull(groups);
        CheckLayout(parameters, groups);
        Parameters = parameters;
        Groups = groups;
        Length = parameters.Count == 0 ? 0 : parameters.Max(slot => slot.Offset + slot.Count);
        _skipped = new bool[parameters.Count];
        _tiles = [.. CutTiles(parameters, wholeParameters)];
        _steps = AddCounter("step", parameters.Count);
    }

    /// <summary>Where each parameter lies.</summary>
    public IReadOnlyList<ParameterSlot> Parameters { get; }

    /// <summary>Rates and decays by group.</summary>
    public IReadOnlyList<ParameterGroup> Groups { get; }

    /// <summary>Floats that the parameter and gradient buffers must have.</summary>
    public long Length { get; }

    /// <summary>The flat state buffers.</summary>
    public IReadOnlyList<OptimizerState> State => _state;

    /// <summary>The counters: <c>step</c> (steps taken, for each parameter) and what the algorithm adds.</summary>
    public IReadOnlyList<OptimizerCounter> Counters => _counters;

    /// <summary>Number of tiles that <see cref="Update"/> knows.</summary>
    public int TileCount => _tiles.Length;

    /// <summary>
    /// What every gradient is multiplied by as it is read. The clipping factor goes here, which saves a pass over the gradients.
    /// </summary>
    public float GradientScale { get; set; } = 1;

    /// <summary>+1, or -1 to climb instead of descend.</summary>
    private protected float Direction { get; init; } = 1;

    /// <summary>One whole step, shared out among the workers of <see cref="WorkerPool.Shared"/>.</summary>
    /// <param name="parameters">The parameter buffer, <see cref="Length"/> floats; updated in place.</param>
    /// <param name="gradients">The gradient buffer of the same layout.</param>
    /// <param name="skip">By parameter: true where there is no gradient; that parameter is not touched and does not count the step. Empty: none.</param>
    /// <exception cref="ArgumentException">A buffer is shorter than the layout.</exception>
    public void Step(Span<float> parameters, ReadOnlySpan<float> gradients, ReadOnlySpan<bool> skip = default)
    {
        if (parameters.Length < Length || gradients.Length < Length)
        {
            throw new ArgumentException($"The layout takes {Length} floats; parameters have {parameters.Length}, gradients {gradients.Length}.");
        }

        fixed (float* parameter = parameters)
        fixed (float* gradient = gradients)
        {
            Step(parameter, gradient, skip);
        }
    }

    /// <summary>One whole step on native buffers of <see cref="Length"/> floats.</summary>
    /// <param name="parameters">First parameter.</param>
    /// <param name="gradients">First gradient.</param>
    /// <param name="skip">By parameter: true where there is no gradient. Empty: none.</param>
    public void Step(float* parameters, float* gradients, ReadOnlySpan<bool> skip = default)
    {
        Begin(skip);
        var sweep = new Sweep(this, parameters, gradients);
        WorkerPool.Shared.Run(TileCount, ref sweep);
    }

    /// <summary>Counts the step and computes its coefficients. To be followed by <see cref="Update"/> over all tiles.</summary>
    /// <param name="skip">By parameter: true where there is no gradient. Empty: none.</param>
    public void Begin(ReadOnlySpan<bool> skip = default)
    {
        if (!skip.IsEmpty && skip.Length != Parameters.Count)
        {
            throw new ArgumentException($"There are {Parameters.Count} parameters, but skip has {skip.Length} entries.", nameof(skip));
        }

        PrepareGroups();
        for (int i = 0; i < Parameters.Count; i++)
        {
            _skipped[i] = !skip.IsEmpty && skip[i];
            if (!_skipped[i])
            {
                _steps[i]++;
                Prepare(i, Groups[Parameters[i].Group], _steps[i]);
            }
        }
    }

    /// <summary>Updates the tiles from <paramref name="first"/> up to <paramref name="end"/> (exclusive).</summary>
    /// <param name="parameters">First parameter of the whole buffer.</param>
    /// <param name="gradients">First gradient of the whole buffer.</param>
    /// <param name="first">First tile.</param>
    /// <param name="end">Tile after the last.</param>
    public void Update(float* parameters, float* gradients, int first, int end)
    {
        float scale = GradientScale * Direction;
        for (int i = first; i < end; i++)
        {
            if (!_skipped[_tiles[i].Parameter])
            {
                UpdateTile(_tiles[i], parameters, gradients, scale);
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Frees the state buffers.</summary>
    /// <param name="disposing">Whether <see cref="Dispose()"/> was called.</param>
    protected virtual void Dispose(bool disposing)
    {
        if (disposing)
        {
            _state.ForEach(state => state.Dispose());
        }
    }

    /// <summary>What a step computes once for each group, before its parameters.</summary>
    private protected virtual void PrepareGroups()
    {
    }

    /// <summary>Computes this step's coefficients for one parameter that has a gradient.</summary>
    /// <param name="parameter">Its index.</param>
    /// <param name="group">Its group.</param>
    /// <param name="step">Its step number, from 1.</param>
    private protected abstract void Prepare(int parameter, ParameterGroup group, double step);

    /// <summary>Updates one tile. <paramref name="scale"/> multiplies every gradient as it is read.</summary>
    private protected abstract void UpdateTile(in Tile tile, float* parameters, float* gradients, float scale);

    /// <summary>Adds a state buffer with the parameters' own layout.</summary>
    private protected OptimizerState AddState(string name)
    {
        var regions = new StateRegion[Parameters.Count];
        for (int i = 0; i < regions.Length; i++)
        {
            regions[i] = new StateRegion(i, Parameters[i].Offset, Parameters[i].Shape);
        }

        var state = new OptimizerState(name, DType.Float32, Length, regions);
        _state.Add(state);
        return state;
    }

    /// <summary>Adds a state buffer with a shape of its own for each parameter, or null for none.</summary>
    /// <returns>The buffer and where each parameter's part begins (-1: it has none).</returns>
    private protected (OptimizerState State, long[] Offsets) AddState(string name, Func<ParameterSlot, int[]?> shapeOf)
    {
        var regions = new List<StateRegion>();
        long[] offsets = new long[Parameters.Count];
        long length = 0;
        for (int i = 0; i < offsets.Length; i++)
        {
            offsets[i] = -1;
            if (shapeOf(Parameters[i]) is { } shape)
            {
                offsets[i] = length;
                regions.Add(new StateRegion(i, length, shape));
                length += shape.Aggregate(1L, (product, extent) => product * extent);
            }
        }

        var state = new OptimizerState(name, DType.Float32, length, regions);
        _state.Add(state);
        return (state, offsets);
    }

    /// <summary>Adds state buffers that were made elsewhere.</summary>
    private protected void AddStates(IEnumerable<OptimizerState> states) => _state.AddRange(states);

    /// <summary>Adds numbers that belong to the saved state.</summary>
    private protected double[] AddCounter(string name, int count, double initial = 0)
    {
        double[] values = new double[count];
        Array.Fill(values, initial);
        _counters.Add(new OptimizerCounter(name, values));
        return values;
    }

    private static void CheckLayout(IReadOnlyList<ParameterSlot> parameters, IReadOnlyList<ParameterGroup> groups)
    {
        long end = 0;
        string? before = null;
        foreach (ParameterSlot slot in parameters.OrderBy(slot => slot.Offset))
        {
            if (slot.Group < 0 || slot.Group >= groups.Count)
            {
                throw new ArgumentException($"Parameter '{slot.Name}' is in group {slot.Group}, but there are {groups.Count} groups.", nameof(parameters));
            }

            if (slot.Offset < end)
            {
                throw new ArgumentException($"Parameter '{slot.Name}' begins at {slot.Offset}, inside '{before}', which ends at {end}.", nameof(parameters));
            }

            (end, before) = (slot.Offset + slot.Count, slot.Name);
        }
    }

    private static IEnumerable<Tile> CutTiles(IReadOnlyList<ParameterSlot> parameters, bool wholeParameters)
    {
        for (int i = 0; i < parameters.Count; i++)
        {
            (long start, long end) = (parameters[i].Offset, parameters[i].Offset + parameters[i].Count);
            long length = wholeParameters ? Math.Max(1, end - start) : TileLength;
            for (; start < end; start += length)
            {
                yield return new Tile(i, start, Math.Min(length, end - start));
            }
        }
    }

    /// <summary>A stretch of the flat buffers that belongs to one parameter: the unit of work.</summary>
    private protected readonly record struct Tile(int Parameter, long Start, long Count);

    private readonly struct Sweep(Optimizer optimizer, float* parameters, float* gradients) : IParallelJob
    {
        public void Execute(int part) => optimizer.Update(parameters, gradients, part, part + 1);
    }
}
