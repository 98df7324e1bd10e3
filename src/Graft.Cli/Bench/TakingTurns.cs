using System.Diagnostics;

namespace Graft.Cli.Bench;

/// <summary>Times several candidates by turns, so that a busy machine is unfair to none of them.</summary>
internal static class TakingTurns
{
    /// <summary>Seconds a call of each candidate, after a warm-up.</summary>
    /// <param name="rounds">Times that each candidate is measured.</param>
    /// <param name="secondsPerRound">Calls are repeated until a measurement takes about this long.</param>
    /// <param name="candidates">What to time.</param>
    public static double[] Measure(int rounds, double secondsPerRound, params Action[] candidates)
    {
        var repeats = new int[candidates.Length];
        for (int i = 0; i < candidates.Length; i++)
        {
            Time(candidates[i], 3);
            repeats[i] = Math.Max(1, (int)(secondsPerRound / Time(candidates[i], 2)));
        }

        var seconds = new double[candidates.Length][];
        for (int i = 0; i < candidates.Length; i++)
        {
            seconds[i] = new double[rounds];
        }

        for (int round = 0; round < rounds; round++)
        {
            for (int i = 0; i < candidates.Length; i++)
            {
                seconds[i][round] = Time(candidates[i], repeats[i]);
            }
        }

        // The best of each: noise on a shared machine only ever adds time.
        return Array.ConvertAll(seconds, times => times.Min());
    }

    private static double Time(Action action, int repeats)
    {
        long start = Stopwatch.GetTimestamp();
        for (int i = 0; i < repeats; i++)
        {
            action();
        }

        return Stopwatch.GetElapsedTime(start).TotalSeconds / repeats;
    }
}
