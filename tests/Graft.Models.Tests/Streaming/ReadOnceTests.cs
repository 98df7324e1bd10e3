using Graft.Formats;
using Graft.Formats.Tests;
using Graft.Tensors;

namespace Graft.Models.Tests.Streaming;

/// <summary>Weights that are needed once, on loading, do not stay in the process.</summary>
public sealed class ReadOnceTests
{
    private static readonly string Wide = SmallModel.Llama
        .Replace("\"hidden_size\": 24", "\"hidden_size\": 256", StringComparison.Ordinal)
        .Replace("\"intermediate_size\": 40", "\"intermediate_size\": 1024", StringComparison.Ordinal);

    [SkippableTheory]
    [InlineData(true, null)]
    [InlineData(false, null)]
    [InlineData(null, DType.BFloat16)]
    public void What_was_quantised_or_converted_leaves_the_process(bool? fourBit, DType? dtype)
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "resident pages are counted in /proc/self/smaps");
        using var folder = new SmallModel(Wide);
        folder.Write(maximumShardBytes: 3 << 20);
        QuantizationConfig? quantization = fourBit is { } four ? new QuantizationConfig { LoadIn4Bit = four, LoadIn8Bit = !four } : null;
        using CausalLanguageModel model = CausalLanguageModel.Load(folder.Folder, quantization, dtype);
        Assert.True(model.MappedFiles.Count > 1, "the weights should lie in several files");

        // 8 MB of linear layers were read. What else is touched: headers, norms and biases with the pages around them.
        long bytes = model.MappedFiles.Sum(file => file.Length);
        Assert.True(bytes > 8_000_000, $"{bytes} bytes of weights");
        Assert.InRange(model.MappedFiles.Sum(ResidentPages.Of), 0, bytes / 4);
    }

    [Fact]
    public void Each_is_done_once_in_order_whether_it_lies_in_a_file_or_not()
    {
        using var folder = new SmallModel(SmallModel.Llama);
        using CausalLanguageModel model = CausalLanguageModel.Load(folder.Write(maximumShardBytes: 20_000));
        Parameter[] weights = [.. model.DistinctWeights().Select(weight => weight.Slot.Original), Parameter.Create("elsewhere", 5, 3)];
        float[][] before = [.. weights.Select(weight => weight.ToArray())];
        var order = new List<Parameter>();
        ReadOnce.ForEach(model.MappedFiles, weights, weight => weight, order.Add);
        Assert.Equal(weights, order);
        Assert.Equal(before, weights.Select(weight => weight.ToArray()));
    }
}
