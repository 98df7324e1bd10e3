using System.Diagnostics;

namespace Graft.Training.Tests.Loop;

/// <summary>Runs that are killed with SIGKILL at random moments, again and again, and end as if nothing had happened.</summary>
/// <remarks>50 kills by default; <c>GRAFT_KILLS=1000</c> in the environment for more.</remarks>
public sealed class KillTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_run_killed_at_any_moment_ends_with_the_same_files()
    {
        int wanted = int.TryParse(Environment.GetEnvironmentVariable("GRAFT_KILLS"), out int given) ? given : 50;
        string straight = _folder.Of("straight");
        TimeSpan whole = RunToTheEnd(straight, threads: 1);

        // Two chains of runs at a time: most of a run is the start of its process.
        int kills = 0;
        int ended = 0;
        Parallel.For(0, 2, new ParallelOptions { MaxDegreeOfParallelism = 2 }, lane =>
        {
            var random = new Random(lane);
            for (int run = 0; Volatile.Read(ref kills) < wanted; run++)
            {
                string folder = _folder.Of($"{lane}-{run}");
                while (RunAndKill(folder, whole * (random.NextDouble() * 0.6), threads: 1 + random.Next(3)))
                {
                    Interlocked.Increment(ref kills);
                }

                AssertSame(straight, folder);
                Interlocked.Increment(ref ended);
                Directory.Delete(folder, recursive: true);
            }
        });

        Assert.True(kills >= wanted && ended >= 2, $"{kills} kills, {ended} runs");
    }

    private static TimeSpan RunToTheEnd(string folder, int threads)
    {
        using Process process = Start(folder, threads);
        Assert.Equal("started", process.StandardOutput.ReadLine());
        long started = Stopwatch.GetTimestamp();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, process.StandardError.ReadToEnd());
        return Stopwatch.GetElapsedTime(started);
    }

    /// <summary>Starts the run, or goes on with it, and kills it after some time; false when it has ended before.</summary>
    private static bool RunAndKill(string folder, TimeSpan after, int threads)
    {
        using Process process = Start(folder, threads);
        bool hasStarted = process.StandardOutput.ReadLine() == "started";
        if (hasStarted && !process.WaitForExit(after))
        {
            process.Kill();
        }

        process.WaitForExit();
        if (process.ExitCode == 0)
        {
            return false;
        }

        // 128 + SIGKILL; anything else is an error of the run.
        Assert.True(hasStarted && process.ExitCode is 137 or -1, $"exit code {process.ExitCode}: {process.StandardError.ReadToEnd()}");
        return true;
    }

    private static Process Start(string folder, int threads)
    {
        Directory.CreateDirectory(folder);
        var start = new ProcessStartInfo(Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet", [Path.Combine(AppContext.BaseDirectory, "Graft.Training.Victim.dll")])
        {
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["GRAFT_THREADS"] = $"{threads}";
        return Process.Start(start)!;
    }

    private static void AssertSame(string expected, string actual)
    {
        Assert.Equal(Names(expected), Names(actual));
        foreach (string name in Names(expected))
        {
            byte[] theirs = File.ReadAllBytes(Path.Combine(expected, name));
            byte[] ours = File.ReadAllBytes(Path.Combine(actual, name));
            string file = Path.GetFileName(name);
            if (file is TrainerState.FileName or MetricsLog.FileName)
            {
                Assert.Equal(Kept(theirs), Kept(ours));
            }
            else if (file != "graft_run.json")
            {
                // graft_run.json holds the hash of the state with its times.
                Assert.True(theirs.AsSpan().SequenceEqual(ours), $"{name} differs");
            }
        }
    }

    /// <summary>All files but for temporary ones: a kill while a single file is written beside its target leaves such a one.</summary>
    private static string[] Names(string folder)
        => [.. Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories)
            .Where(path => !(Path.GetFileName(path).StartsWith('.') && path.EndsWith(".tmp", StringComparison.Ordinal)))
            .Select(path => Path.GetRelativePath(folder, path)).Order(StringComparer.Ordinal)];

    /// <summary>Without times, and without <c>train_loss</c>, which counts from the resume.</summary>
    private static string Kept(byte[] text)
        => string.Join('\n', Runs.WithoutTimes(System.Text.Encoding.UTF8.GetString(text)).Split('\n').Where(line => !line.Contains("train_loss", StringComparison.Ordinal)));
}
