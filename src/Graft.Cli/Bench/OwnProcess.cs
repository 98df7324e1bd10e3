using System.Diagnostics;

namespace Graft.Cli.Bench;

/// <summary>Runs the tool once more, in a process of its own: for figures that count from the start of a process.</summary>
internal static class OwnProcess
{
    /// <summary>Runs and waits. What it writes goes where this process's output goes.</summary>
    /// <param name="arguments">The command line.</param>
    /// <param name="cancellationToken">Ends the other process.</param>
    /// <returns>Its exit code.</returns>
    public static async Task<int> RunAsync(IEnumerable<string> arguments, CancellationToken cancellationToken)
    {
        string program = Environment.ProcessPath ?? throw new NotSupportedException("this system does not say which program runs, so it cannot be started once more");
        bool isTool = Path.GetFileNameWithoutExtension(program) == "graft";
        var start = new ProcessStartInfo(program, isTool ? arguments : [Path.Combine(AppContext.BaseDirectory, "graft.dll"), .. arguments]);
        using Process process = Process.Start(start)!;
        try
        {
            await process.WaitForExitAsync(cancellationToken);
        }
        finally
        {
            // Nobody waits for the figures of a run that was stopped, and its files are about to go.
            if (!process.HasExited)
            {
                process.Kill(entireProcessTree: true);
                await process.WaitForExitAsync(CancellationToken.None);
            }
        }

        return process.ExitCode;
    }
}
