using Graft.Models;
using Graft.Tensors;

namespace Graft.Peft;

/// <summary>The weights that merging has changed, with what was there before, so that unmerging restores every bit.</summary>
/// <remarks>
/// Base weights usually lie in a read-only memory map: a merged one is a private copy in the same format, and its slot points to it.
/// Slots are changed one by one, so that a tied head keeps the old matrix when only the embedding is merged.
/// </remarks>
public sealed class MergedWeights
{
    private readonly Dictionary<WeightSlot, (Parameter Before, Parameter After)> _slots = [];

    /// <summary>The weight as it was before any merge.</summary>
    /// <param name="slot">Its place.</param>
    public Parameter BeforeMerge(WeightSlot slot) => _slots.TryGetValue(slot, out var weights) ? weights.Before : slot.Original;

    /// <summary>A writable copy of a weight, now in use; the same one again for the next adapter that is merged, unless another place shares it.</summary>
    /// <param name="slot">Its place.</param>
    public Parameter Writable(WeightSlot slot)
    {
        ArgumentNullException.ThrowIfNull(slot);
        if (_slots.TryGetValue(slot, out var weights) && !_slots.Any(other => !ReferenceEquals(other.Key, slot) && ReferenceEquals(other.Value.After, weights.After)))
        {
            return weights.After;
        }

        // A quantised weight is changed in fp32; Requantize brings it back.
        Parameter copy = slot.Original.Quantized is null ? StoredValues.Copy(slot.Original) : ModelQuantization.Dequantize(slot.Original, DType.Float32);
        Put(slot, copy);
        return copy;
    }

    /// <summary>Puts another weight in place of the base model's.</summary>
    /// <param name="slot">Its place.</param>
    /// <param name="weight">The weight.</param>
    public void Put(WeightSlot slot, Parameter weight)
    {
        ArgumentNullException.ThrowIfNull(slot);
        _slots[slot] = (BeforeMerge(slot), weight);
        slot.Original = weight;
    }

    /// <summary>Adds to a weight, rounding as its format does: first the summand, then the sum.</summary>
    /// <param name="weight">A writable weight.</param>
    /// <param name="first">Index of the first element.</param>
    /// <param name="delta">What to add.</param>
    /// <param name="module">Path of the module, for errors.</param>
    /// <exception cref="InvalidDataException">A sum is not finite: the adapter is broken.</exception>
    public static void Add(Parameter weight, long first, ReadOnlySpan<float> delta, string module)
    {
        ArgumentNullException.ThrowIfNull(weight);
        float[] sums = new float[delta.Length];
        StoredValues.Read(weight, first, sums);
        for (int i = 0; i < sums.Length; i++)
        {
            sums[i] += StoredValues.Round(delta[i], weight.DType);
        }

        Store(weight, first, sums, module);
    }

    /// <summary>Multiplies the rows or the columns of a weight, rounding as its format does.</summary>
    /// <param name="weight">A writable weight; a vector is one row.</param>
    /// <param name="factors">A factor for each element of a row, or for each row.</param>
    /// <param name="alongRow">Which of the two.</param>
    /// <param name="module">Path of the module, for errors.</param>
    /// <exception cref="InvalidDataException">A product is not finite: the adapter is broken.</exception>
    public static void Scale(Parameter weight, ReadOnlySpan<float> factors, bool alongRow, string module)
    {
        ArgumentNullException.ThrowIfNull(weight);
        (int rows, int columns) = (weight.View.Rows, weight.View.Columns);
        float[] values = new float[columns];
        for (int row = 0; row < rows; row++)
        {
            StoredValues.Read(weight, (long)row * columns, values);
            for (int column = 0; column < columns; column++)
            {
                values[column] *= StoredValues.Round(factors[alongRow ? column : row], weight.DType);
            }

            Store(weight, (long)row * columns, values, module);
        }
    }

    /// <summary>Writes new values of a weight.</summary>
    /// <param name="weight">A writable weight.</param>
    /// <param name="first">Index of the first element.</param>
    /// <param name="values">The values.</param>
    /// <param name="module">Path of the module, for errors.</param>
    /// <exception cref="InvalidDataException">A value is not finite: the adapter is broken.</exception>
    public static void Store(Parameter weight, long first, ReadOnlySpan<float> values, string module)
    {
        foreach (float value in values)
        {
            if (!float.IsFinite(value))
            {
                throw new InvalidDataException($"merging would put {value} into the weights of {module}: the adapter (or the base model) holds values that are not finite");
            }
        }

        StoredValues.Write(weight, first, values);
    }

    /// <summary>Quantises what was quantised before, when all adapters are merged; weights of formats that cannot be written stay in fp32.</summary>
    internal void Requantize()
    {
        foreach (WeightSlot slot in _slots.Keys.ToList())
        {
            (Parameter before, Parameter after) = _slots[slot];
            if (before.Quantized is { } matrix && after.Quantized is null)
            {
                Put(slot, ModelQuantization.QuantizeLike(after, matrix));
            }
        }
    }

    /// <summary>Puts back what was there before.</summary>
    internal void Restore()
    {
        foreach ((WeightSlot slot, (Parameter before, _)) in _slots)
        {
            slot.Original = before;
        }
    }

    /// <summary>Puts the merged weights in place again.</summary>
    internal void Reapply()
    {
        foreach ((WeightSlot slot, (_, Parameter after)) in _slots)
        {
            slot.Original = after;
        }
    }
}
