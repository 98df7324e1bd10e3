namespace Graft.Tensors.Kernels;

/// <summary>Refuses to quantise what is not a number: one such element would spoil its whole block.</summary>
internal static unsafe class FiniteCheck
{
    /// <summary>Index of the first NaN or infinity.</summary>
    /// <param name="values">Numbers, at least one of which is none.</param>
    /// <param name="count">How many.</param>
    public static int IndexOfBad(float* values, int count)
    {
        for (int i = 0; i < count; i++)
        {
            if (!float.IsFinite(values[i]))
            {
                return i;
            }
        }

        return 0;
    }

    /// <summary>Throws where an index is given.</summary>
    /// <param name="source">The matrix.</param>
    /// <param name="index">Index of a bad element in the flattened matrix; -1 for none.</param>
    /// <exception cref="InvalidDataException">The index is not -1.</exception>
    public static void Require(in WeightView source, long index)
    {
        if (index >= 0)
        {
            throw new InvalidDataException(
                $"row {index / source.Columns}, column {index % source.Columns} is {WeightDecoder.Read(source, index)}: weights with NaN or infinite values cannot be quantised; the file is damaged, or the run that made it diverged");
        }
    }
}
