using Graft.Formats;
using Graft.Tensors;

namespace Graft.Models;

/// <summary>The tensors that a quantised weight is saved as.</summary>
public static class QuantizedTensors
{
    private const string Suffix = ".weight";

    /// <summary>Whether a weight has a form in Hugging Face folders; GGUF's blocks have none and are saved as plain values.</summary>
    /// <param name="weight">The weight.</param>
    public static bool CanSave(Parameter weight)
    {
        ArgumentNullException.ThrowIfNull(weight);
        return weight.Quantized is FourBitMatrix or Int8Matrix;
    }

    /// <summary>The tensors of a weight, as bitsandbytes saves them.</summary>
    /// <param name="name">The weight's name.</param>
    /// <param name="weight">The weight.</param>
    /// <param name="storage">What the bytes of 4-bit codes are presented as.</param>
    public static IReadOnlyList<TensorSource> Of(string name, Parameter weight, DType storage = DType.UInt8)
    {
        ArgumentNullException.ThrowIfNull(name);
        ArgumentNullException.ThrowIfNull(weight);
        return weight.Quantized switch
        {
            FourBitMatrix matrix => FourBitCheckpoint.Write(name, matrix, storage),
            Int8Matrix matrix => Int8Checkpoint.Write(name.EndsWith(Suffix, StringComparison.Ordinal) ? name[..^Suffix.Length] : name, matrix),
            _ => throw new ArgumentException($"{name} is not quantised by bitsandbytes", nameof(weight)),
        };
    }
}
