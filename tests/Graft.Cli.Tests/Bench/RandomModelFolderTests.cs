using System.Diagnostics;
using System.Text.Json;
using Graft.Cli.Bench;
using Graft.Cli.CommandLine;
using Graft.Models;
using Graft.Tensors;

namespace Graft.Cli.Tests.Bench;

/// <summary>The folder that a benchmark writes, measures and deletes.</summary>
public sealed class RandomModelFolderTests(Workshop workshop) : IClassFixture<Workshop>
{
    private const string TinyBloom = """
        {"model_type": "bloom", "hidden_size": 64, "n_layer": 2, "n_head": 4, "vocab_size": 200003, "layer_norm_epsilon": 1e-05, "initializer_range": 0.02}
        """;

    private static readonly ModelShape Tiny = new("tiny", TinyBloom);

    [Theory]
    [InlineData(DType.BFloat16)]
    [InlineData(DType.Float32)]
    public unsafe void It_holds_the_very_weights_that_a_model_in_memory_would_have(DType dtype)
    {
        using var folder = RandomModelFolder.Write(Tiny, dtype, workshop.NewPath("disk"), keep: false, CancellationToken.None);
        using CausalLanguageModel loaded = CausalLanguageModel.Load(folder.Path);
        using CausalLanguageModel made = Tiny.CreateModel(dtype);
        long bytes = 0;
        foreach (((string name, WeightSlot expected), (string actualName, WeightSlot actual)) in made.DistinctWeights().Zip(loaded.DistinctWeights()))
        {
            Assert.Equal(name, actualName);
            Assert.Equal(dtype, actual.Original.DType);
            Assert.True(expected.Original.ToArray().AsSpan().SequenceEqual(actual.Original.ToArray()), name);
            bytes += actual.Original.Count * dtype.SizeInBytes();
        }

        Assert.Equal(bytes, folder.WeightBytes);
    }

    [Fact]
    public void It_goes_in_the_end_unless_it_is_kept()
    {
        string place = workshop.NewPath("place");
        using (var folder = RandomModelFolder.Write(Tiny, DType.BFloat16, place, keep: false, CancellationToken.None))
        {
            Assert.True(File.Exists(Path.Combine(folder.Path, "config.json")));
        }

        Assert.Empty(Directory.EnumerateFileSystemEntries(place));
        using (var folder = RandomModelFolder.Write(Tiny, DType.BFloat16, place, keep: true, CancellationToken.None))
        {
            Assert.Equal("tiny", ModelShape.OfFolder(folder.Path + "/").Name);
        }

        Assert.Single(Directory.EnumerateFileSystemEntries(place));
    }

    [Fact]
    public void Stopped_it_leaves_nothing()
    {
        string place = workshop.NewPath("stopped");
        Assert.ThrowsAny<OperationCanceledException>(() => RandomModelFolder.Write(Tiny, DType.BFloat16, place, keep: true, new CancellationToken(canceled: true)));
        Assert.Empty(Directory.EnumerateFileSystemEntries(place));
    }

    [Fact]
    public void A_disk_that_is_too_small_is_said_before_anything_is_written()
    {
        string place = workshop.NewPath("small");
        var huge = new ModelShape("huge", TinyBloom.Replace("200003", "2000000000", StringComparison.Ordinal).Replace("\"hidden_size\": 64", "\"hidden_size\": 65536", StringComparison.Ordinal));
        IOException e = Assert.Throws<IOException>(() => RandomModelFolder.Write(huge, DType.BFloat16, place, keep: false, CancellationToken.None));
        Assert.Contains("GB free, but the weights of huge take", e.Message, StringComparison.Ordinal);
        Assert.Contains("--folder", e.Message, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFileSystemEntries(place));
    }

    [Fact]
    public async Task A_folder_is_measured_as_it_is()
    {
        using var folder = RandomModelFolder.Write(Tiny, DType.BFloat16, workshop.NewPath("measured"), keep: false, CancellationToken.None);
        using var results = new StringWriter();
        int code = await GraftTool.RunAsync(["bench", "step", "--model", folder.Path, "--data", "row7", "--seconds", "0", "--cold", "--json"], results, TextWriter.Null);
        Assert.Equal(ExitCode.Success, code);
        using JsonDocument last = JsonDocument.Parse(results.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries)[^1]);
        Assert.Equal("tiny", last.RootElement.GetProperty("shape").GetString());
        Assert.Equal(folder.WeightBytes / (double)(1 << 20), last.RootElement.GetProperty("weight_mib").GetDouble(), 1e-9);
        Assert.True(last.RootElement.GetProperty("peak_mapped_mib").GetDouble() > 0);
    }

    [SkippableFact]
    public async Task Stopped_by_a_signal_the_folder_goes_too()
    {
        Skip.If(OperatingSystem.IsWindows(), "signals are sent with kill");
        string place = workshop.NewPath("signal");
        var start = new ProcessStartInfo(
            Environment.ProcessPath!, [typeof(GraftTool).Assembly.Location, "bench", "step", "--data", "row2", "--seconds", "1000", "--folder", place])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using Process tool = Process.Start(start)!;
        Assert.Contains("wrote random weights", await tool.StandardError.ReadLineAsync(), StringComparison.Ordinal);
        using (Process kill = Process.Start("kill", ["-s", "TERM", tool.Id.ToString()]))
        {
            await kill.WaitForExitAsync();
        }

        await tool.WaitForExitAsync().WaitAsync(TimeSpan.FromMinutes(2));
        Assert.Equal(ExitCode.Terminated, tool.ExitCode);
        Assert.Empty(Directory.EnumerateFileSystemEntries(place));
    }
}
