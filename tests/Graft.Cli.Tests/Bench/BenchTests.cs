using System.Text.Json;
using Graft.Cli.Bench;
using Graft.Cli.CommandLine;
using Graft.Models;
using Graft.Peft;
using Graft.Tensors;
using Graft.Tensors.Assembly;

namespace Graft.Cli.Tests.Bench;

public sealed class BenchTests
{
    private const string TinyLlama = """
        {"model_type": "llama", "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2,
         "vocab_size": 96, "tie_word_embeddings": true}
        """;

    [Theory]
    [InlineData("fp32", 4)]
    [InlineData("bf16", 2)]
    [InlineData("nf4", 0)]
    [InlineData("int8", 0)]
    public void A_step_is_measured_with_every_storage_of_the_base(string storage, int bytesAWeight)
    {
        var shape = new ModelShape("tiny", TinyLlama);
        var data = new DataProfile("short", [5, 9, 2, 7, 11], BatchSize: 2, Accumulation: 2);
        StepResult result = StepBenchmark.Run(shape, BaseStorage.Of(storage), data, storage == "fp32" ? ComputePrecision.BFloat16 : ComputePrecision.Float32, targetModules: storage == "nf4" ? ModuleSelection.FromString("all-linear") : null, seconds: 0, CancellationToken.None);
        Assert.True(result.TokensPerSecond > 0);
        Assert.Equal(4.0 * LinearWeights * result.TokensPerSecond, result.UsefulRate, 1e-6 * result.UsefulRate);
        Assert.True(result.FractionOfPeak > 0);
        Assert.True(result.FirstStepSeconds > 0);
        Assert.True(result.PeakResidentMib > 0);
        if (bytesAWeight > 0)
        {
            Assert.Equal(AllWeights * bytesAWeight / (double)(1 << 20), result.WeightMib, 1e-9);
        }

        Assert.Contains(result.Costs, cost => cost.IsBackward && cost.Name.EndsWith("linear", StringComparison.Ordinal));
        Assert.Contains(result.Costs, cost => cost is { Name: "lora", IsBackward: false } && cost.Calls == 2 * 2 * (storage == "nf4" ? 7 : 2));
        Assert.InRange(result.Costs.Sum(cost => cost.Seconds), 0, result.ProfiledSeconds);
        Assert.True(result.Bandwidth > 1e6);
        Assert.All(result.Costs, cost => Assert.True(cost.Operations > 0 || cost.Bytes > 0, cost.Name));
    }

    [Fact]
    public void A_roof_is_what_binds_an_op()
    {
        Assert.Equal(new Roofline(true, 2), Roofline.Of(new OpCost("product", false, 1, 3, Operations: 200, Bytes: 10), 100, 10));
        Assert.Equal(new Roofline(false, 4), Roofline.Of(new OpCost("sum", false, 1, 5, Operations: 100, Bytes: 40), 100, 10));
    }

    [Fact]
    public void Useful_work_counts_the_head_and_not_the_adapter()
    {
        using CausalLanguageModel model = new ModelShape("tiny", TinyLlama).CreateModel(DType.Float32);
        Assert.Equal(LinearWeights, ModelShape.LinearWeights(model));
    }

    [Fact]
    public void Quotes_are_short_rows_of_the_listed_lengths()
    {
        DataProfile quotes = DataProfile.Of("quotes");
        int[] sorted = [.. quotes.Lengths.Order()];
        Assert.Equal(23, sorted[sorted.Length / 2]);
        Assert.Equal((4, 4), (quotes.BatchSize, quotes.Accumulation));
        Assert.Equal(quotes.Lengths, quotes.Samples(100).Select(sample => sample.Length));
        Assert.All(quotes.Samples(100).SelectMany(sample => sample.InputIds), id => Assert.InRange(id, 0, 99));
        Assert.All(DataProfile.Of("packed512").Lengths, length => Assert.Equal(512, length));
    }

    [Theory]
    [InlineData(ExitCode.Failure, "gpt9", "quotes", "bf16", "smollm2-135m")]
    [InlineData(ExitCode.Failure, "smollm2-135m", "poems", "bf16", "packed512")]
    [InlineData(ExitCode.Failure, "smollm2-135m", "quotes", "fp4", "nf4")]
    public async Task Unknown_words_are_answered_with_the_known_ones(int code, string shape, string data, string dtype, string hint)
    {
        (int actual, JsonElement last) = await RunAsync("bench", "step", "--shape", shape, "--data", data, "--dtype", dtype, "--json");
        Assert.Equal(code, actual);
        Assert.Equal("error", last.GetProperty("event").GetString());
        Assert.Contains(hint, last.GetProperty("message").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_product_is_measured_and_summed_up()
    {
        (int code, JsonElement last) = await RunAsync("bench", "gemm", "--filter", "llama-135m kv NN 23", "--rounds", "1", "--json");
        Assert.Equal(ExitCode.Success, code);
        Assert.Equal("summary", last.GetProperty("event").GetString());
        Assert.True(last.GetProperty("fraction_of_peak").GetDouble() > 0);
        Assert.True(last.GetProperty("peak_fp32_gflops").GetDouble() > 0);
        Assert.True(last.GetProperty("openblas_ratio").ValueKind is JsonValueKind.Null or JsonValueKind.Number);
        (code, last) = await RunAsync("bench", "gemm", "--filter", "no such product", "--json");
        Assert.Equal(ExitCode.Failure, code);
        Assert.Contains("no such product", last.GetProperty("message").GetString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("bf16", "llama-135m kv NN 23")]
    [InlineData("bf16", "llama-135m kv NT 23")]
    [InlineData("int8", "llama-135m kv NT 23")]
    public async Task Products_in_smaller_types_are_measured_against_their_own_peak_and_fp32(string dtype, string product)
    {
        (int code, JsonElement last) = await RunAsync("bench", "gemm", "--dtype", dtype, "--filter", product, "--rounds", "1", "--json");
        Assert.Equal(ExitCode.Success, code);
        Assert.Equal(dtype, last.GetProperty("dtype").GetString());
        Assert.True(last.GetProperty("fraction_of_peak").GetDouble() > 0);
        Assert.True(last.GetProperty("fp32_ratio").GetDouble() > 0);
        Assert.True(last.GetProperty($"peak_{dtype}_gflops").GetDouble() > 0);
        bool hasInstruction = dtype == "bf16" ? CpuFeatures.Current.Avx512BFloat16 : CpuFeatures.Current.Avx512Vnni;
        Assert.Equal(hasInstruction, last.GetProperty("missing_instruction").ValueKind == JsonValueKind.Null);
        Assert.StartsWith(dtype, last.GetProperty("kernel").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task One_product_of_given_size_is_measured()
    {
        (int code, JsonElement last) = await RunAsync("bench", "gemm", "--dtype", "bf16", "--m", "9", "--n", "40", "--k", "64", "--rounds", "1", "--json");
        Assert.Equal(ExitCode.Success, code);
        Assert.True(last.GetProperty("fraction_of_peak").GetDouble() > 0);
        (code, last) = await RunAsync("bench", "gemm", "--m", "9", "--json");
        Assert.Equal(ExitCode.Failure, code);
        Assert.Contains("--m, --n and --k go together", last.GetProperty("message").GetString(), StringComparison.Ordinal);
        (code, last) = await RunAsync("bench", "gemm", "--dtype", "fp8", "--json");
        Assert.Equal(ExitCode.Failure, code);
        Assert.Contains("fp32, bf16 and int8", last.GetProperty("message").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_doctor_says_what_it_found()
    {
        (int code, JsonElement last) = await RunAsync("doctor", "--json");
        Assert.Equal(ExitCode.Success, code);
        Assert.Equal(Graft.Tensors.Kernels.InstructionSet.Best.ToString(), last.GetProperty("best_instruction_set").GetString());
        Assert.Equal(last.GetProperty("fit").GetBoolean(), last.GetProperty("problems").GetArrayLength() == 0);
        Assert.True(last.GetProperty("memory_gb_per_s").GetDouble() > 0);
        Assert.Equal(AssembledKernels.Status().Select(kernel => kernel.Reason), last.GetProperty("assembled_kernels").EnumerateArray().Select(kernel => kernel.GetProperty("reason").GetString()));
        using var text = new StringWriter();
        Assert.Equal(ExitCode.Success, await GraftTool.RunAsync(["doctor"], text, TextWriter.Null));
        Assert.Contains("instruction set", text.ToString(), StringComparison.Ordinal);
        Assert.Contains("bf16 vdpbf16ps", text.ToString(), StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task A_step_that_cannot_be_run_yet_says_so()
    {
        Skip.If(ModelFamilies.All.Any(family => family.ModelType == "falcon"), "all shapes have a family");
        (int code, JsonElement last) = await RunAsync("bench", "step", "--shape", "falcon-7b", "--json");
        Assert.Equal(ExitCode.NotYet, code);
        Assert.StartsWith("not yet", last.GetProperty("message").GetString(), StringComparison.Ordinal);
    }

    // Two layers: q and o 32 x 32, k and v 16 x 32, three matrices of 64 x 32; and the tied head.
    private static long LinearWeights => (2L * ((2 * 32 * 32) + (2 * 16 * 32) + (3 * 64 * 32))) + (96 * 32);

    // Besides, two norms a layer and the last one.
    private static long AllWeights => LinearWeights + (5 * 32);

    private static async Task<(int Code, JsonElement Last)> RunAsync(params string[] args)
    {
        using var results = new StringWriter();
        int code = await GraftTool.RunAsync(args, results, TextWriter.Null);
        string[] lines = results.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        using JsonDocument document = JsonDocument.Parse(lines[^1]);
        return (code, document.RootElement.Clone());
    }
}
