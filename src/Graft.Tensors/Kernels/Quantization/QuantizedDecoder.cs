using System.Runtime.CompilerServices;

namespace Graft.Tensors.Kernels;

/// <summary>Weights in a quantised format: rows are decoded into the first-level cache, then transposed like fp32.</summary>
/// <remarks>One virtual call for a run of elements is nothing beside decoding it, so all formats share one instance of the packing loops.</remarks>
internal unsafe struct QuantizedDecoder : IPanelDecoder
{
    private const int MaximumLanes = 16;

    /// <inheritdoc/>
    public static byte* Address(in WeightView weight, long row, int column) => weight.Quantized!.Address(weight.FirstRow + row, column);

    /// <inheritdoc/>
    public static void Decode(int lanes, in WeightView weight, long row, int column, int count, float* destination)
        => weight.Quantized!.Decode(lanes >= 8, weight.FirstRow + row, column, count, destination);

    /// <inheritdoc/>
    public static void DecodeRows(int lanes, in WeightView weight, long row, int rows, int column, int count, float* destination, nint step)
        => weight.Quantized!.DecodeRows(lanes >= 8, weight.FirstRow + row, rows, column, count, destination, step);

    /// <inheritdoc/>
    [SkipLocalsInit]
    public static void DecodeTransposed(int lanes, in WeightView weight, long row, int rows, int column, int depth, float* destination, nint step)
    {
        float* decoded = stackalloc float[MaximumLanes * GemmTile.Depth];
        for (int p = 0; p < depth; p += GemmTile.Depth)
        {
            int count = Math.Min(GemmTile.Depth, depth - p);
            weight.Quantized!.DecodeRows(lanes >= 8, weight.FirstRow + row, rows, column + p, count, decoded, GemmTile.Depth);
            PanelTranspose.Run<SingleWidener>(lanes, (byte*)decoded, GemmTile.Depth * sizeof(float), rows, count, destination + (p * step), step);
        }
    }
}
