using Graft.Tensors.Kernels;

namespace Graft.Tensors.Tests;

/// <summary>A small matrix of each quantised format.</summary>
internal static class QuantizedSamples
{
    /// <summary>All formats.</summary>
    public static IEnumerable<string> Formats => [.. BlockFormat.All.Select(format => format.Name), "Q4_1 in another order", "nf4", "nf4 nested", "fp4 bf16", "nf4 odd rows", "int8"];

    /// <summary>What the number of columns must be a multiple of.</summary>
    public static int ColumnUnit(string format) => format switch
    {
        "nf4 odd rows" => 77,
        "int8" => 50,
        _ when Block(format) is { } block => block.BlockElements,
        _ => 96,
    };

    /// <summary>A matrix of random values.</summary>
    public static QuantizedMatrix Create(string format, int rows, int columns, int seed)
    {
        WeightView values = TestData.Parameter("w", TestData.Uniform(rows * columns, (ulong)seed, 0.1f), rows, columns).View;
        return format switch
        {
            "nf4" or "nf4 odd rows" => FourBitQuantizer.Quantize(values, FourBitType.NF4),
            "nf4 nested" => FourBitQuantizer.Quantize(values, FourBitType.NF4, 128, doubleQuantization: true),
            "fp4 bf16" => FourBitQuantizer.Quantize(StoredParameter.Create(TestData.Uniform(rows * columns, (ulong)seed), rows, columns, DType.BFloat16).View, FourBitType.FP4),
            "int8" => Int8Quantizer.Quantize(values),
            _ => Blocks(Block(format)!, rows, columns, seed, reversed: format.EndsWith("order", StringComparison.Ordinal)),
        };
    }

    private static BlockFormat? Block(string format) => BlockFormat.Find(format.Split(' ')[0]);

    /// <summary>Random codes; scales are numbers of a usual size.</summary>
    private static unsafe BlockMatrix Blocks(BlockFormat format, int rows, int columns, int seed, bool reversed)
    {
        long blocks = (long)rows * (columns / format.BlockElements);
        var memory = new Tensors.NativeBuffer(blocks * format.BlockBytes);
        var random = new Random(seed);
        random.NextBytes(new Span<byte>(memory.Data, (int)memory.ByteLength));
        for (byte* block = memory.Data; block < memory.Data + memory.ByteLength; block += format.BlockBytes)
        {
            PutScales(format.Name, block, (Half)(0.001 + (random.NextDouble() * 0.01)), (Half)(random.NextDouble() * -0.1));
        }

        return new BlockMatrix(format, rows, columns, memory.Data, memory, reversed ? [.. Enumerable.Range(0, rows).Reverse()] : null);
    }

    private static unsafe void PutScales(string format, byte* block, Half scale, Half offset)
    {
        switch (format)
        {
            case "MXFP4":
                *block = 118;
                break;
            case "NVFP4":
                *(uint*)block &= 0x1F1F1F1F;
                break;
            case "Q8_K":
                *(float*)block = (float)scale;
                break;
            case "IQ1_M":
                ushort bits = BitConverter.HalfToUInt16Bits(scale);
                for (int i = 0; i < 4; i++)
                {
                    ref ushort word = ref ((ushort*)(block + 48))[i];
                    word = (ushort)((word & 0xFFF) | (((bits >> (4 * i)) & 15) << 12));
                }

                break;
            default:
                int place = format switch { "Q2_K" => 80, "Q3_K" => 108, "Q6_K" => 208, "TQ1_0" => 52, "TQ2_0" => 64, _ => 0 };
                *(Half*)(block + place) = scale;
                if (format is "Q4_1" or "Q5_1" or "Q4_K" or "Q5_K" or "Q2_K")
                {
                    *(Half*)(block + place + 2) = offset;
                }

                break;
        }
    }
}
