namespace Graft.Tensors.Kernels;

/// <summary>Reads stored weights as fp32.</summary>
public static unsafe class WeightDecoder
{
    /// <summary>One element.</summary>
    /// <param name="weight">The stored matrix.</param>
    /// <param name="index">Row-major index of the element.</param>
    /// <exception cref="NotSupportedException">The matrix is stored in a format that kernels do not read.</exception>
    public static float Read(in WeightView weight, long index) => weight.DType switch
    {
        _ when weight.Quantized is not null => ReadQuantized(weight, index),
        DType.Float32 => ((float*)weight.Data)[index],
        DType.BFloat16 => BFloat16.ToSingle(((ushort*)weight.Data)[index]),
        DType.Float16 => (float)((Half*)weight.Data)[index],
        _ => throw Unsupported(weight),
    };

    /// <summary>Consecutive elements.</summary>
    /// <param name="weight">The stored matrix.</param>
    /// <param name="index">Row-major index of the first element.</param>
    /// <param name="count">How many.</param>
    /// <param name="destination">Where to write them.</param>
    /// <exception cref="NotSupportedException">The matrix is stored in a format that kernels do not read.</exception>
    public static void Decode(in WeightView weight, long index, int count, float* destination)
    {
        if (weight.Quantized is not null)
        {
            DecodeQuantized(weight, index, count, destination);
            return;
        }

        switch (weight.DType)
        {
            case DType.Float32: Decode<SingleDecoder>(weight, index, count, destination); break;
            case DType.BFloat16: Decode<HalfWidthDecoder<BFloat16Format>>(weight, index, count, destination); break;
            case DType.Float16: Decode<HalfWidthDecoder<Float16Format>>(weight, index, count, destination); break;
            default: throw Unsupported(weight);
        }
    }

    internal static NotSupportedException Unsupported(in WeightView weight)
        => new($"weights stored as {weight.DType} cannot be read; supported are Float32, BFloat16 and Float16");

    private static float ReadQuantized(in WeightView weight, long index)
    {
        float value;
        weight.Quantized!.Decode(vectors: false, weight.FirstRow + (index / weight.Columns), (int)(index % weight.Columns), 1, &value);
        return value;
    }

    private static void DecodeQuantized(in WeightView weight, long index, int count, float* destination)
    {
        while (count > 0)
        {
            int column = (int)(index % weight.Columns);
            int length = Math.Min(count, weight.Columns - column);
            weight.Quantized!.Decode(InstructionSet.Current >= Isa.Avx2, weight.FirstRow + (index / weight.Columns), column, length, destination);
            index += length;
            destination += length;
            count -= length;
        }
    }

    private static void Decode<TDecoder>(in WeightView weight, long index, int count, float* destination)
        where TDecoder : struct, IPanelDecoder
    {
        long row = index / weight.Columns;
        int column = (int)(index % weight.Columns);
        switch (InstructionSet.Current)
        {
            case Isa.Avx512: TDecoder.Decode(16, weight, row, column, count, destination); break;
            case Isa.Avx2: TDecoder.Decode(8, weight, row, column, count, destination); break;
            case Isa.Vector128: TDecoder.Decode(4, weight, row, column, count, destination); break;
            default: TDecoder.Decode(1, weight, row, column, count, destination); break;
        }
    }
}
