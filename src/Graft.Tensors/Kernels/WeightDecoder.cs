namespace Graft.Tensors.Kernels;

/// <summary>Reads stored weights as fp32.</summary>
public static unsafe class WeightDecoder
{
    /// <summary>One element.</summary>
    /// <param name="weight">The stored matrix.</param>
    /// <param name="index">Row-major index of the element.</param>
    public static float Read(in WeightView weight, long index) => weight.DType switch
    {
        DType.Float32 => ((float*)weight.Data)[index],
        DType.BFloat16 => BFloat16.ToSingle(((ushort*)weight.Data)[index]),
        DType.Float16 => (float)((Half*)weight.Data)[index],
        _ => throw new NotSupportedException($"weights stored as {weight.DType} cannot be read"),
    };

    /// <summary>Consecutive elements.</summary>
    /// <param name="weight">The stored matrix.</param>
    /// <param name="index">Row-major index of the first element.</param>
    /// <param name="count">How many.</param>
    /// <param name="destination">Where to write them.</param>
    public static void Decode(in WeightView weight, long index, int count, float* destination)
    {
        for (int i = 0; i < count; i++)
        {
            destination[i] = Read(weight, index + i);
        }
    }
}
