using Graft.Models;
using Graft.Tensors;

namespace Graft.Peft;

/// <summary>What a method needs to make an adapter.</summary>
/// <param name="Model">The base model.</param>
/// <param name="Name">The adapter's name.</param>
/// <param name="Seed">Seed of the random values; null when the values come from a file.</param>
/// <param name="AutocastAdapterDType">Whether the adapter is fp32 whatever the base is; otherwise it takes the dtype of the layer.</param>
public sealed record AdapterContext(LanguageModel Model, string Name, ulong? Seed, bool AutocastAdapterDType)
{
    /// <summary>A key for the random values of one tensor: a function of the seed and its name, so that no tensor depends on another.</summary>
    /// <param name="tensor">Path of the module, and the tensor.</param>
    public ulong KeyOf(string tensor)
    {
        // FNV-1a: string.GetHashCode differs from run to run.
        ulong hash = 14695981039346656037;
        foreach (char c in tensor)
        {
            hash = (hash ^ c) * 1099511628211;
        }

        return CounterRandom.Derive(Seed ?? 0, hash);
    }

    /// <summary>Narrows new values to the dtype of the layer that they belong to, if that is asked for.</summary>
    /// <param name="parameter">New fp32 values.</param>
    /// <param name="layer">The layer's weight.</param>
    public void Cast(Parameter parameter, Parameter layer)
    {
        ArgumentNullException.ThrowIfNull(layer);
        if (!AutocastAdapterDType && layer.DType != DType.Float32 && layer.DType.IsWeightType())
        {
            StoredValues.Narrow(parameter, layer.DType);
        }
    }
}
