using System.CommandLine;
using System.Text.Json;
using Graft.Cli.Bench;
using Graft.Cli.CommandLine;
using Graft.Cli.Commands;
using Graft.Models;
using Graft.Tensors;

namespace Graft.Cli.Tests;

/// <summary><c>graft bench decode</c> on a model that takes no time.</summary>
public sealed class BenchDecodeCommandTests
{
    [Fact]
    public async Task Each_batch_is_measured_and_the_last_one_is_the_summary()
    {
        JsonElement[] events = await RunAsync(ExitCode.Success, "--shape", "tiny", "--batch", "1", "4", "--rounds", "2");
        Assert.Equal(["decode", "decode", "summary"], events.Select(line => line.GetProperty("event").GetString()));
        Assert.Equal([1, 4, 4], events.Select(line => line.GetProperty("batch").GetInt32()));
        Assert.All(events, line =>
        {
            Assert.True(line.GetProperty("tokens_per_s").GetDouble() > 0);
            Assert.True(line.GetProperty("bandwidth_fraction").GetDouble() > 0);
        });
    }

    [Fact]
    public void Bytes_are_those_of_the_matrices_a_token_is_multiplied_with()
    {
        // Per layer q and o 32 x 32, k and v 16 x 32, gate, up and down 48 x 32; the head is the embedding, 100 x 32.
        using CausalLanguageModel model = Tiny(DType.BFloat16);
        Assert.Equal(2L * ((2 * ((2 * 32 * 32) + (2 * 16 * 32) + (3 * 48 * 32))) + (100 * 32)), DecodeBenchmark.BytesPerStep(model));
    }

    [Theory]
    [InlineData(ExitCode.NotYet, "nf4", "--dtype", "nf4")]
    [InlineData(ExitCode.Failure, "--dtype 'x'", "--dtype", "x")]
    [InlineData(ExitCode.Failure, "at least 1", "--batch", "0")]
    public async Task What_cannot_be_measured_says_so(int code, string expect, params string[] arguments)
        => Assert.Contains(expect, (await RunAsync(code, ["--shape", "tiny", .. arguments]))[^1].GetProperty("message").GetString(), StringComparison.Ordinal);

    private static CausalLanguageModel Tiny(DType dtype) => CausalLanguageModel.Create(
        ConfigReader.Parse("""{"model_type":"llama","hidden_size":32,"num_attention_heads":4,"num_key_value_heads":2,"num_hidden_layers":2,"intermediate_size":48,"vocab_size":100,"tie_word_embeddings":true}"""),
        seed: 1, dtype);

    private static async Task<JsonElement[]> RunAsync(int code, params string[] arguments)
    {
        using var results = new StringWriter();
        using var progress = new StringWriter();
        var root = new RootCommand("test") { GraftTool.Json, GraftTool.Threads, GraftTool.Trace };
        root.Subcommands.Add(new BenchDecodeCommand(["tiny"], (_, dtype) => Tiny(dtype)).Create(results, progress));
        Assert.Equal(code, await root.Parse(["decode", "--json", .. arguments]).InvokeAsync());
        return [.. results.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement)];
    }
}
