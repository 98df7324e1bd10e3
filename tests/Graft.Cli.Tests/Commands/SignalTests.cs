using System.Diagnostics;
using Graft.Cli.Bench;
using Graft.Cli.CommandLine;

namespace Graft.Cli.Tests.Commands;

/// <summary>Ctrl+C and SIGTERM, sent to the tool in a process of its own.</summary>
public sealed class SignalTests(Workshop workshop) : IClassFixture<Workshop>
{
    [SkippableTheory]
    [InlineData("INT", ExitCode.Interrupted)]
    [InlineData("TERM", ExitCode.Terminated)]
    public async Task A_signal_saves_and_says_how_to_go_on(string signal, int expected)
    {
        Skip.If(OperatingSystem.IsWindows(), "signals are sent with kill");
        Skip.If(signal == "INT" && IsInterruptIgnored(), "this process was started with SIGINT ignored (in the background, or by nohup), and so is every process it starts");
        string output = workshop.NewPath($"stopped by {signal}");
        var start = new ProcessStartInfo(Environment.ProcessPath!) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (string argument in new[] { typeof(GraftTool).Assembly.Location, "train", workshop.Settings, "--output", output, "--max_steps", "100000", "--logging_steps", "1", "--lr_scheduler_type", "constant", "--threads", "1" })
        {
            start.ArgumentList.Add(argument);
        }

        using Process tool = Process.Start(start)!;
        Task<string> results = tool.StandardOutput.ReadToEndAsync();
        while (await tool.StandardError.ReadLineAsync() is { } line && !line.StartsWith("step 3/", StringComparison.Ordinal))
        {
        }

        Task<string> progress = tool.StandardError.ReadToEndAsync();
        using (Process kill = Process.Start("kill", ["-s", signal, tool.Id.ToString()]))
        {
            await kill.WaitForExitAsync();
        }

        await tool.WaitForExitAsync().WaitAsync(TimeSpan.FromMinutes(2));
        Assert.Equal(expected, tool.ExitCode);
        Assert.Contains($"graft train '{output}' --resume", await results);
        Assert.Contains("stopping after this step", await progress);
        string checkpoint = Assert.Single(Directory.GetDirectories(output, "checkpoint-*"));
        Assert.True(File.Exists(Path.Combine(checkpoint, "trainer_state.json")));
        Assert.False(File.Exists(Path.Combine(output, "adapter_model.safetensors")));

        int done = int.Parse(Path.GetFileName(checkpoint)["checkpoint-".Length..]);
        ToolRun resumed = Workshop.Run("train", output, "--resume", "--json", "--max_steps", $"{done + 1}");
        Assert.True(resumed.Code == 0, resumed.Results);
        Assert.Equal(done, resumed.Event("start").GetProperty("resumed_at").GetInt32());
    }

    /// <summary>Whether the mask of ignored signals has the bit of SIGINT, 2.</summary>
    private static bool IsInterruptIgnored()
        => SystemFile.Value("/proc/self/status", "SigIgn") is { } mask && (Convert.ToUInt64(mask, 16) & (1 << 1)) != 0;
}
