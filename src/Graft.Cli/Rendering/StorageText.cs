using Graft.Models;
using Graft.Tensors;

namespace Graft.Cli.Rendering;

/// <summary>How a quantised base model is stored, in a few words.</summary>
internal static class StorageText
{
    /// <summary>The formats of its quantised weights, the most frequent first, such as <c>Q4_1 (210), Q8_0 (1)</c>; null where nothing is quantised.</summary>
    /// <param name="model">The model.</param>
    public static string? Of(LanguageModel model)
    {
        string[] formats = [.. model.DistinctWeights()
            .Where(weight => weight.Slot.Original.Quantized is not null)
            .GroupBy(weight => weight.Slot.Original.Quantized!.Format)
            .OrderByDescending(group => group.Count()).ThenBy(group => group.Key, StringComparer.Ordinal)
            .Select(group => $"{group.Key} ({group.Count()})")];
        return formats.Length == 0 ? null : string.Join(", ", formats);
    }

    /// <summary>Bytes that the weights of a model take.</summary>
    /// <param name="model">The model.</param>
    public static long BytesOf(LanguageModel model) => model.DistinctWeights().Sum(weight => BytesOf(weight.Slot.Original));

    private static long BytesOf(Parameter weight) => weight.Quantized?.ByteLength ?? (weight.Count * weight.DType.SizeInBytes());
}
