using Graft.Tensors;

namespace Graft.Training.Optimizers;

/// <summary>The part of a state buffer that belongs to one parameter.</summary>
/// <param name="Parameter">Index of the <see cref="ParameterSlot"/>.</param>
/// <param name="Offset">First element in the buffer.</param>
/// <param name="Shape">Shape of the state; the parameter's own, or less for factored moments.</param>
public readonly record struct StateRegion(int Parameter, long Offset, int[] Shape);

/// <summary>One flat state buffer in native memory: a moment of all parameters, named as torch names it, or a part of it.</summary>
public sealed unsafe class OptimizerState : IDisposable
{
    private readonly NativeBuffer _buffer;

    internal OptimizerState(string name, DType dtype, long length, IReadOnlyList<StateRegion> regions)
    {
        Name = name;
        DType = dtype;
        Length = length;
        Regions = regions;
        _buffer = new NativeBuffer(ByteLength);
    }

    /// <summary>The state's name: <c>exp_avg</c>, <c>momentum_buffer</c>, ...</summary>
    public string Name { get; }

    /// <summary>fp32, or bytes: codes of 8-bit moments.</summary>
    public DType DType { get; }

    /// <summary>Number of elements.</summary>
    public long Length { get; }

    /// <summary>Its size.</summary>
    public long ByteLength => Length * DType.SizeInBytes();

    /// <summary>First byte.</summary>
    public byte* Data => _buffer.Data;

    /// <summary>First element of fp32 state.</summary>
    public float* Pointer => (float*)_buffer.Data;

    /// <summary>Which part belongs to which parameter; parameters without this state are absent.</summary>
    public IReadOnlyList<StateRegion> Regions { get; }

    /// <summary>A window onto fp32 state.</summary>
    /// <param name="offset">First element.</param>
    /// <param name="length">Number of elements.</param>
    public Span<float> Span(long offset, int length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offset, Length - length);
        ObjectDisposedException.ThrowIf(Pointer is null, this);
        if (DType != DType.Float32)
        {
            throw new InvalidOperationException($"the state {Name} holds {DType}, not numbers");
        }

        return new Span<float>(Pointer + offset, length);
    }

    /// <inheritdoc/>
    public void Dispose() => _buffer.Dispose();
}

/// <summary>Numbers that an optimizer keeps beside its buffers: step counts, running products and the like.</summary>
/// <param name="name">The name, as torch has it where it has one (<c>step</c>, <c>mu_product</c>).</param>
/// <param name="values">One number for each parameter, or for each group. Checkpoints save and overwrite them in place.</param>
public sealed class OptimizerCounter(string name, double[] values)
{
    /// <summary>The counter's name.</summary>
    public string Name { get; } = name;

    /// <summary>Its values; writable, so that a checkpoint can restore them.</summary>
    public double[] Values { get; } = values;
}
