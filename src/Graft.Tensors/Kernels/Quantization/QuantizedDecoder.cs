using System.Runtime.CompilerServices;

namespace Graft.Tensors.Kernels;

/// <summary>Weights in a quantised format: rows are decoded into the first-level cache, then transposed like fp32.</summary>
/// <remarks>One virtual call for a run of elements is nothing beside decoding it, so all formats share one instance of the packing loops.</remarks>
internal unsafe struct QuantizedDecoder : IPanelDecoder
{
    private const int MaximumLanes = 16;

    /// <summary>Most columns of <see cref="PanelsAtOnce"/> panels: the widest have 32.</summary>
    private const int MaximumColumns = PanelsTogether * 32;

    private const int PanelsTogether = 8;

    /// <inheritdoc/>
    public static int PanelsAtOnce => PanelsTogether;

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
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void DecodePanels(int lanes, in WeightView weight, long row, int rows, int column, int count, int width, float* destination, nint panelStep)
    {
        float* decoded = stackalloc float[MaximumColumns + MaximumLanes];
        new Span<float>(decoded, MaximumColumns + MaximumLanes).Clear();
        QuantizedMatrix matrix = weight.Quantized!;
        for (int i = 0; i < rows; i++)
        {
            matrix.DecodeRows(lanes >= 8, weight.FirstRow + row + i, 1, column, count, decoded, count);
            float* panel = destination;
            for (int j = 0; j < count; j += width, panel += panelStep)
            {
                // Whole vectors: behind the last column lies what was there before, some finite value of the matrix or the zeros of the start.
                int stride = (Math.Min(width, count - j) + lanes - 1) / lanes * lanes;
                ShortRow.Copy(decoded + j, 0, stride, 1, panel + ((nint)i * stride), 0);
            }
        }
    }

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
