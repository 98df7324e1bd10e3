namespace Graft.Training.Optimizers;

/// <summary>Where one trainable parameter lies in the flat parameter and gradient buffers.</summary>
/// <param name="Name">The parameter's name, as in the saved file.</param>
/// <param name="Offset">First element, counted in floats from the start of the buffers.</param>
/// <param name="Shape">Its shape, row-major; an empty array is a scalar.</param>
/// <param name="Group">Index of its <see cref="ParameterGroup"/>.</param>
/// <param name="KeepsFullState">Whether its moments stay fp32 where others are kept in 8 bits: those of embeddings do.</param>
public readonly record struct ParameterSlot(string Name, long Offset, int[] Shape, int Group, bool KeepsFullState = false)
{
    /// <summary>Number of elements.</summary>
    public long Count
    {
        get
        {
            long count = 1;
            foreach (int extent in Shape)
            {
                count *= extent;
            }

            return count;
        }
    }

    /// <summary>Lays parameters end to end, in the given order.</summary>
    /// <param name="parameters">Name, shape and group of each.</param>
    public static ParameterSlot[] Pack(IEnumerable<(string Name, int[] Shape, int Group)> parameters)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        var slots = new List<ParameterSlot>();
        long offset = 0;
        foreach ((string name, int[] shape, int group) in parameters)
        {
            var slot = new ParameterSlot(name, offset, shape, group);
            slots.Add(slot);
            offset += slot.Count;
        }

        return [.. slots];
    }
}
