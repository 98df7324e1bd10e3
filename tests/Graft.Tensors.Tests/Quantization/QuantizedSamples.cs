using Graft.Tensors.Kernels;

namespace Graft.Tensors.Tests;

/// <summary>A small matrix of each quantised format.</summary>
internal static class QuantizedSamples
{
    /// <summary>All formats.</summary>
    public static IEnumerable<string> Formats => ["nf4", "nf4 nested", "fp4 bf16", "nf4 odd rows", "int8"];

    /// <summary>What the number of columns must be a multiple of.</summary>
    public static int ColumnUnit(string format) => format switch
    {
        "nf4 odd rows" => 77,
        "int8" => 50,
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
            _ => Int8Quantizer.Quantize(values),
        };
    }
}
