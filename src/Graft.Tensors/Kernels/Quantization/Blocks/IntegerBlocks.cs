namespace Graft.Tensors.Kernels;

/// <summary>Formats with integer codes, decoded: the reference.</summary>
internal static unsafe class IntegerBlocks
{
    private const int Group = 32;

    /// <summary>What <see cref="IBlockFormat.Decode"/> is for these formats.</summary>
    /// <typeparam name="TLayout">The format.</typeparam>
    /// <param name="block">The block.</param>
    /// <param name="group">Which 32 elements of it.</param>
    /// <param name="destination">Where they go.</param>
    public static void Decode<TLayout>(byte* block, int group, float* destination)
        where TLayout : struct, IIntegerBlockFormat
    {
        short* codes = stackalloc short[Group];
        TLayout.Codes(block, group, codes);
        for (int start = 0; start < Group; start += TLayout.RunElements)
        {
            (float scale, float minimum) = TLayout.Scale(block, ((Group * group) + start) / TLayout.RunElements);
            for (int j = start; j < start + TLayout.RunElements; j++)
            {
                float value = scale * (codes[j] - TLayout.Offset);
                destination[j] = TLayout.HasMinimum ? value + minimum : value;
            }
        }
    }
}
