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
    [SkippableTheory]
    [InlineData("bloom", "float32", "per_device_train_batch_size: 8")]
    [InlineData("bloom", "float32", "per_device_train_batch_size: 4\nmethod: full")]
    [InlineData("bloom", "bfloat16", "per_device_train_batch_size: 2\nmethod: full\ngradient_checkpointing: true\nbf16: true")]
    [InlineData("llama", "float32", "per_device_train_batch_size: 8\ntarget_modules: all-linear\nlora_dropout: 0.1")]
    [InlineData("llama", "bfloat16", "per_device_train_batch_size: 16\ngradient_checkpointing: true")]
    [InlineData("llama", "bfloat16", "per_device_train_batch_size: 12\ntarget_modules: all-linear\nbf16: true")]
    public async Task The_peak_of_the_process_is_foretold(string family, string dtype, string options)
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "the process's private memory is read from /proc");
        string yaml = Wide(family, dtype, options);
        JsonElement plan = await Last("plan", yaml);
        JsonElement run = await Train();
        if (!IsNear(Resident(run)))
        {
            // What the runtime has compiled and collected by then depends on what else the machine does: a second run must agree.
            run = await Train();
        }

        Assert.InRange(Resident(run), 0.95, 1.05);
        Assert.InRange(plan.GetProperty("private_bytes").GetDouble() / run.GetProperty("peak_private_bytes").GetDouble(), 0.92, 1.08);
        Assert.InRange(run.GetProperty("peak_file_backed_bytes").GetDouble(), plan.GetProperty("weights_bytes").GetDouble(), 1.1 * plan.GetProperty("file_backed_bytes").GetDouble());

        Task<JsonElement> Train() => Last("train", yaml, "--output", workshop.NewPath($"wide-{Guid.NewGuid():N}"));
        double Resident(JsonElement run) => plan.GetProperty("peak_bytes").GetDouble() / run.GetProperty("peak_resident_bytes").GetDouble();
        static bool IsNear(double ratio) => ratio is >= 0.95 and <= 1.05;
    }

    [SkippableTheory]
    [InlineData("110MiB", false)]
    [InlineData("45MiB", true)]
    public async Task A_run_is_made_to_fit(string memory, bool checkpointing)
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "the process's private memory is read from /proc");
        string yaml = Wide("llama", "bfloat16", $"per_device_train_batch_size: 16\nbf16: false\nmemory: {memory}");
        JsonElement plan = await Last("plan", yaml);
        Assert.Equal(checkpointing, plan.GetProperty("gradient_checkpointing").GetBoolean());
        Assert.Equal(16, plan.GetProperty("per_device_train_batch_size").GetInt32() * plan.GetProperty("gradient_accumulation_steps").GetInt32());
        Assert.InRange(plan.GetProperty("per_device_train_batch_size").GetInt32(), 1, 8);

        string output = workshop.NewPath($"fitted-{memory}");
        JsonElement run = await Last("train", yaml, "--output", output);
        Assert.True(run.GetProperty("peak_private_bytes").GetDouble() < 1.05 * (int.Parse(memory[..^3]) << 20), $"{run.GetProperty("peak_private_bytes")}");

        // What was chosen is saved, so that the run can be resumed as it is.
        string saved = File.ReadAllText(Path.Combine(output, "graft.yaml"));
        Assert.Contains($"gradient_checkpointing: {(checkpointing ? "true" : "false")}", saved);
        Assert.DoesNotContain("\nmemory:", saved);
    }

    [Fact]
    public void A_limit_that_nothing_fits_into_is_refused_with_what_would()
    {
        ToolRun run = Workshop.Run("plan", workshop.Settings, "--memory", "2MiB");
        Assert.Equal(ExitCode.Failure, run.Code);
        Assert.Contains("memory: 2.0 MiB is too little; the least that this run takes is", run.Errors);
        Assert.Contains("a size such as 2GiB", Workshop.Run("plan", workshop.Settings, "--memory", "much").Errors);
    }

    [Fact]
    public void A_limit_that_is_kept_anyway_changes_nothing()
    {
        ToolRun run = Workshop.Run("plan", workshop.Settings, "--memory", "64GiB");
        Assert.True(run.Code == 0, run.Errors);
        Assert.DoesNotContain("note: memory", run.Errors);
        Assert.DoesNotContain("checkpointed", run.Results);
    }

    /// <summary>A configuration of two steps on a model whose activations take more than the program does.</summary>
    private string Wide(string family, string dtype, string options)
    {
        string model = workshop.NewPath($"wide-{family}-{dtype}");
        if (!Directory.Exists(model))
        {
            string config = workshop.Write($"wide-{family}.json", family == "bloom"
                ? """{"model_type":"bloom","vocab_size":4000,"hidden_size":256,"n_layer":6,"n_head":8,"bos_token_id":1,"eos_token_id":2}"""
                : """{"model_type":"llama","vocab_size":4000,"hidden_size":256,"intermediate_size":688,"num_hidden_layers":8,"num_attention_heads":8,"num_key_value_heads":4,"bos_token_id":1,"eos_token_id":2}""");
            Assert.Equal(0, Workshop.Run("init", config, "--into", model, "--tokenizer", workshop.Model, "--dtype", dtype).Code);
        }

        string quotes = string.Concat(Enumerable.Repeat("{quote} ", 14));
        return workshop.Write($"{Guid.NewGuid():N}.yaml", $"model: {model}\ndata: {workshop.Data}\ntemplate: \"{quotes}->: {{tags}}\"\nmax_steps: 2\nsave_strategy: no\n{options}\n");
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
