using Graft.Formats;
using Graft.Tensors;

namespace Graft.Models;

/// <summary>A stretch of memory that holds weights.</summary>
/// <param name="Start">Address of the first byte.</param>
/// <param name="Length">Bytes.</param>
internal readonly unsafe record struct WeightRange(nint Start, long Length)
{
    /// <summary>The memory that a weight is read from: one stretch, and for quantised weights those of the scales.</summary>
    /// <param name="weight">The weight.</param>
    public static IEnumerable<WeightRange> Of(Parameter weight) => weight.Quantized switch
    {
        null => [new WeightRange(weight.Data, weight.Count * weight.DType.SizeInBytes())],
        FourBitMatrix four => [new WeightRange((nint)four.Packed, four.PackedLength), .. Of(four.Scales)],
        Int8Matrix eight => [new WeightRange((nint)eight.Codes, (long)eight.Rows * eight.Columns), new WeightRange((nint)eight.Scales, (long)eight.Rows * sizeof(float))],
        { } matrix => [new WeightRange(weight.Data, matrix.ByteLength)],
    };

    /// <summary>The part of that memory that lies in mapped files.</summary>
    /// <param name="weight">The weight.</param>
    /// <param name="files">The files.</param>
    public static IEnumerable<WeightRange> InFiles(Parameter weight, IReadOnlyList<FilePages> files)
        => Of(weight).Where(range => range.Length > 0 && files.Any(file => file.Contains(range.Start, range.Length)));

    private static IEnumerable<WeightRange> Of(BlockScales scales) => scales.IsNested
        ? [new WeightRange((nint)scales.Codes, scales.Count), new WeightRange((nint)scales.NestedValues, scales.NestedCount * sizeof(float))]
        : [new WeightRange((nint)scales.Values, scales.Count * sizeof(float))];
}
