using Graft.Cli.Bench;
using Graft.Cli.CommandLine;
using Graft.Models;
using Graft.Tensors;

namespace Graft.Cli.Tests;

/// <summary>What <c>graft bench decode</c> measures, on a model that takes no time; and what it refuses.</summary>
public sealed class DecodeBenchmarkTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public void Decoding_is_measured_against_the_bytes_that_it_reads(int batch)
    {
        using CausalLanguageModel model = Tiny(DType.BFloat16);
        DecodeResult result = DecodeBenchmark.Measure(model, batch, rounds: 2);
        Assert.Equal(batch, result.Batch);
        Assert.True(result.TokensPerSecond > 0 && result.FirstTokenSeconds > 0);

        // Per layer q and o 32 x 32, k and v 16 x 32, gate, up and down 48 x 32; the head is the embedding, 100 x 32.
        Assert.Equal(2L * ((2 * ((2 * 32 * 32) + (2 * 16 * 32) + (3 * 48 * 32))) + (100 * 32)), result.BytesPerStep);
        Assert.Equal(result.BytesPerStep * result.TokensPerSecond / batch / result.Bandwidth, result.BandwidthFraction, 1e-9);
    }

    [Fact]
    public void Blocks_of_a_quantised_model_are_counted_as_they_are_stored()
    {
        var shape = new ModelShape(
            "tiny", """{"model_type":"llama","hidden_size":32,"num_attention_heads":4,"num_key_value_heads":2,"num_hidden_layers":2,"intermediate_size":64,"vocab_size":100,"tie_word_embeddings":true}""");
        using CausalLanguageModel model = BaseStorage.Of("q4_0").CreateModel(shape);
        DecodeResult result = DecodeBenchmark.Measure(model, batch: 1, rounds: 1);

        // 18 bytes for 32 weights; of the head, which is the embedding, 34.
        Assert.Equal((2 * ((2 * 32 * 32) + (2 * 16 * 32) + (3 * 64 * 32)) / 32 * 18) + (100 * 34), result.BytesPerStep);
        Assert.True(result.PrefillTokensPerSecond > 0 && result.PrefillFraction > 0);
    }

    [Theory]
    [InlineData(ExitCode.Failure, "--dtype 'x'", "--shape", "bloom-560m", "--dtype", "x")]
    [InlineData(ExitCode.Failure, "at least 1", "--shape", "bloom-560m", "--batch", "0")]
    [InlineData(ExitCode.Failure, "smollm2-135m", "--shape", "bloom")]
    public async Task What_cannot_be_measured_says_so(int code, string expect, params string[] arguments)
    {
        using var results = new StringWriter();
        using var progress = new StringWriter();
        Assert.Equal(code, await GraftTool.RunAsync(["bench", "decode", .. arguments], results, progress));
        Assert.Contains(expect, progress.ToString(), StringComparison.Ordinal);
    }

    private static CausalLanguageModel Tiny(DType dtype) => CausalLanguageModel.Create(
        ConfigReader.Parse("""{"model_type":"llama","hidden_size":32,"num_attention_heads":4,"num_key_value_heads":2,"num_hidden_layers":2,"intermediate_size":48,"vocab_size":100,"tie_word_embeddings":true}"""),
        seed: 1, dtype);
}
