using System.Text.Json;

namespace Graft.Cli.Tests.Samples;

/// <summary>The samples' own configurations, on small random models of the same architecture, in seconds: the loss falls, and the adapter changes the answer.</summary>
public sealed class SampleTests : IDisposable
{
    private readonly TinyModel _tiny = new();

    public void Dispose() => _tiny.Dispose();

    [Theory]
    [InlineData("bloom-8bit-quotes", "bloom", "int8 (8)", "The clock forgives nobody. ->:", "--max_steps", "24", "--warmup_steps", "2", "--learning_rate", "2e-2")]
    [InlineData("falcon-qlora", "falcon", "nf4 (8)", "<human>: Turn into the plural: leaf.\n<assistant>:", "--num_train_epochs", "10", "--learning_rate", "2e-2")]
    [InlineData("flan-t5", "t5", "int8 (32)", "Summarize the following conversation.\n\nDan: I sold the old press.\n\nSummary:", "--num_train_epochs", "10", "--learning_rate", "1e-2")]
    public async Task The_loss_falls_and_the_answer_changes(string sample, string architecture, string storage, string prompt, params string[] shorter)
    {
        string folder = Path.Combine(AppContext.BaseDirectory, "samples", sample);
        string model = _tiny.At("model");
        string output = _tiny.At("outputs");
        Assert.Equal(0, (await TinyModel.RunAsync("init", architecture, "--into", model)).Code);
        string[] run = [Path.Combine(folder, $"{sample}.yaml"), "--model", model, "--output_dir", output, .. shorter];
        ToolResult preview = await TinyModel.RunAsync(["preview", .. run]);
        Assert.True(preview.Code == 0, preview.Progress);
        ToolResult trained = await TinyModel.RunAsync(["train", .. run, "--json"]);
        Assert.True(trained.Code == 0, trained.Results);
        double[] losses = [.. trained.Named("log").Select(row => row.GetProperty("loss").GetDouble())];
        Assert.True(losses[^1] < losses[0] - 0.1, string.Join(" ", losses));
        ToolResult inspected = await TinyModel.RunAsync("inspect", model, sample == "falcon-qlora" ? "--load-in-4bit" : "--load-in-8bit", "--json");
        Assert.Equal(storage, inspected.Fact("quantized_weights").GetString());
        ToolResult answer = await TinyModel.RunAsync("generate", "--adapter", output, "--which", "both", "--greedy", "--max-new-tokens", "12", "--prompt", prompt, "--json");
        Assert.True(answer.Code == 0, answer.Results);
        JsonElement result = answer.Named("result").Single();
        Assert.NotEqual(result.GetProperty("base").GetProperty("text").GetString(), result.GetProperty("adapter").GetProperty("text").GetString());
        ToolResult measured = await TinyModel.RunAsync("eval", output, "--data", Directory.GetFiles(folder, "*.jsonl").Single(), "--json");
        Assert.True(measured.Code == 0, measured.Results);
        Assert.True(measured.Summary.GetProperty("adapter_loss").GetDouble() < measured.Summary.GetProperty("base_loss").GetDouble() - 0.1);
    }
}
