using System.Diagnostics;

namespace Graft.Tensors;

/// <summary>What one op has cost, forward or backward.</summary>
/// <param name="Name">The op's name, as <see cref="Node.Name"/>.</param>
/// <param name="IsBackward">Whether this is its backward pass.</param>
/// <param name="Calls">How often it ran.</param>
/// <param name="Seconds">Time, without that of ops inside it.</param>
/// <param name="Operations">Floating-point operations of its matrix products and attention: a multiplication and an addition a term.</param>
/// <param name="Bytes">Bytes that its kernels read and write, counting each operand once a pass over it.</param>
public readonly record struct OpCost(string Name, bool IsBackward, long Calls, double Seconds, double Operations, double Bytes);

/// <summary>Measures where the time of a step goes, op by op.</summary>
/// <remarks>
/// Ops announce themselves and kernels count their work whether or not anybody listens: a branch and two additions an op. A profile hears
/// of the ops of its thread alone, and of all that workers do for them.
/// </remarks>
public sealed class OpProfile
{
    [ThreadStatic]
    private static OpProfile? _active;

    [ThreadStatic]
    private static long _operations;

    [ThreadStatic]
    private static long _bytes;

    private readonly Dictionary<(string Name, bool IsBackward), OpCost> _costs = [];
    private Work _nested;

    /// <summary>The profile that listens on this thread, or null.</summary>
    public static OpProfile? Active
    {
        get => _active;
        set => _active = value;
    }

    /// <summary>What has been measured so far.</summary>
    public IReadOnlyCollection<OpCost> Costs => _costs.Values;

    /// <summary>Begins to measure a part of the step that is not an op, such as the optimizer; disposing of the result ends it.</summary>
    /// <param name="name">What to call it.</param>
    public static Span Measure(string name) => new(name, isBackward: false);

    /// <summary>Forgets everything measured so far.</summary>
    public void Clear() => _costs.Clear();

    /// <summary>Begins to measure the backward pass of an op.</summary>
    internal static Span Backward(string name) => new(name, isBackward: true);

    /// <summary>A kernel, or a part of the step that is not an op, says what it is about to do.</summary>
    /// <param name="operations">Floating-point operations, for products.</param>
    /// <param name="bytes">Bytes read and written.</param>
    public static void Count(double operations, double bytes)
    {
        _operations += (long)operations;
        _bytes += (long)bytes;
    }

    private static Work Now() => new(Stopwatch.GetTimestamp(), _operations, _bytes);

    private void Add(string name, bool isBackward, Work own)
    {
        _costs.TryGetValue((name, isBackward), out OpCost before);
        _costs[(name, isBackward)] = new OpCost(
            name, isBackward, before.Calls + 1, before.Seconds + ((double)own.Ticks / Stopwatch.Frequency), before.Operations + own.Operations, before.Bytes + own.Bytes);
    }

    private readonly record struct Work(long Ticks, long Operations, long Bytes)
    {
        public static Work operator +(Work a, Work b) => new(a.Ticks + b.Ticks, a.Operations + b.Operations, a.Bytes + b.Bytes);

        public static Work operator -(Work a, Work b) => new(a.Ticks - b.Ticks, a.Operations - b.Operations, a.Bytes - b.Bytes);
    }

    /// <summary>A stretch of time that belongs to one op. Stretches nest; each counts only what its inner ones do not.</summary>
    public readonly ref struct Span : IDisposable
    {
        private readonly OpProfile? _profile;
        private readonly string _name;
        private readonly bool _isBackward;
        private readonly Work _start;
        private readonly Work _nestedBefore;

        internal Span(string name, bool isBackward)
        {
            _profile = Active;
            _name = name;
            if (_profile is not null)
            {
                _isBackward = isBackward;
                _nestedBefore = _profile._nested;
                _profile._nested = default;
                _start = Now();
            }
        }

        /// <summary>Ends the stretch.</summary>
        public void Dispose()
        {
            if (_profile is not null)
            {
                Work all = Now() - _start;
                _profile.Add(_name, _isBackward, all - _profile._nested);
                _profile._nested = _nestedBefore + all;
            }
        }
    }
}
