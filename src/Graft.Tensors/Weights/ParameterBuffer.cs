using System.Runtime.InteropServices;

namespace Graft.Tensors;

/// <summary>All trainable parameters end to end in one fp32 buffer, their gradients in another (design D4).</summary>
/// <remarks>So clipping and the optimizer are each one sweep, and a checkpoint is a few flat tensors.</remarks>
public sealed unsafe class ParameterBuffer : IDisposable
{
    private readonly NativeBuffer _values;
    private readonly NativeBuffer _gradients;
    private readonly long[] _offsets;

    /// <summary>Moves <paramref name="parameters"/> into the buffer, widened to fp32.</summary>
    /// <param name="parameters">What is to be trained, each once; their <see cref="Parameter.RequiresGrad"/> is set.</param>
    public ParameterBuffer(IReadOnlyList<Parameter> parameters)
    {
        Parameters = parameters;
        _offsets = new long[parameters.Count + 1];
        for (int i = 0; i < parameters.Count; i++)
        {
            // Every parameter starts on a cache line of its own.
            _offsets[i + 1] = (_offsets[i] + parameters[i].Count + 15) / 16 * 16;
        }

        Count = _offsets[^1];
        _values = new NativeBuffer(Count * sizeof(float));
        _gradients = new NativeBuffer(Count * sizeof(float));
        for (int i = 0; i < parameters.Count; i++)
        {
            float* values = Values + _offsets[i];
            parameters[i].CopyTo(values);
            parameters[i].MoveTo((nint)values, DType.Float32, _values);
            parameters[i].Gradient = Gradients + _offsets[i];
            parameters[i].RequiresGrad = true;
        }
    }

    /// <summary>The parameters, in buffer order.</summary>
    public IReadOnlyList<Parameter> Parameters { get; }

    /// <summary>Length of the buffers in floats, gaps of up to 15 between parameters included (their contents stay zero).</summary>
    public long Count { get; }

    /// <summary>The values.</summary>
    public float* Values => (float*)_values.Data;

    /// <summary>The gradients.</summary>
    public float* Gradients => (float*)_gradients.Data;

    /// <summary>Where a parameter starts.</summary>
    /// <param name="index">Index in <see cref="Parameters"/>.</param>
    public long OffsetOf(int index) => _offsets[index];

    /// <summary>Sets all gradients to zero.</summary>
    public void ClearGradients() => NativeMemory.Clear(Gradients, (nuint)(Count * sizeof(float)));

    /// <summary>Ends training: gradients go; the values stay as long as a parameter uses them.</summary>
    public void Dispose()
    {
        foreach (Parameter parameter in Parameters)
        {
            parameter.Gradient = null;
        }

        _gradients.Dispose();
    }
}
