using System.Diagnostics;
using System.Text.Json;
using Graft.Cli.CommandLine;

namespace Graft.Cli.Tests.Commands;

public sealed class PlanCommandTests(Workshop workshop) : IClassFixture<Workshop>
{
    [Fact]
    public void Tells_memory_and_time_and_writes_nothing()
    {
        ToolRun run = Workshop.Run("plan", workshop.Settings, "--output", workshop.NewPath("planned"), "--gradient_checkpointing");
        Assert.True(run.Code == 0, run.Errors);
        Assert.Contains("at the peak", run.Results);
        Assert.Contains("activations, checkpointed", run.Results);
        Assert.Contains("tokens/s", run.Results);
        Assert.False(Directory.Exists(workshop.NewPath("planned")));
    }

    /// <summary>Whole processes, so that the program itself counts too.</summary>
    [Fact]
    public async Task The_peak_of_the_process_is_foretold()
    {
        string model = workshop.NewPath("wide");
        string config = workshop.Write("wide.json", """{"model_type":"bloom","vocab_size":2000,"hidden_size":96,"n_layer":6,"n_head":4,"bos_token_id":1,"eos_token_id":2}""");
        Assert.Equal(0, Workshop.Run("init", config, "--into", model, "--tokenizer", workshop.Model).Code);
        string yaml = workshop.Write("wide.yaml", $$"""
            model: {{model}}
            data: {{workshop.Data}}
            method: full
            template: "{quote} {quote} {quote} {quote} {quote} {quote} {quote} {quote} {quote} {quote} ->: {tags}"
            per_device_train_batch_size: 8
            max_steps: 1
            """);
        double planned = (await Last("plan", yaml)).GetProperty("peak_bytes").GetDouble();
        double measured = (await Last("train", yaml, "--output", workshop.NewPath("wide-out"))).GetProperty("peak_resident_bytes").GetDouble();
        Assert.InRange(planned / measured, 0.85, 1.15);
    }

    private static async Task<JsonElement> Last(params string[] arguments)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!, [typeof(GraftTool).Assembly.Location, .. arguments, "--json"]) { RedirectStandardOutput = true };
        using Process tool = Process.Start(start)!;
        string results = await tool.StandardOutput.ReadToEndAsync();
        await tool.WaitForExitAsync();
        Assert.True(tool.ExitCode == 0, results);
        return new ToolRun(0, results, string.Empty).Events[^1];
    }
}
