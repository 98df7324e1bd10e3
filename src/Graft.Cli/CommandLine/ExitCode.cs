namespace Graft.Cli.CommandLine;

/// <summary>What the tool's exit codes mean.</summary>
internal static class ExitCode
{
    /// <summary>Done.</summary>
    public const int Success = 0;

    /// <summary>Something went wrong; the message says what, where, and what to do.</summary>
    public const int Failure = 1;

    /// <summary>The command line could not be understood.</summary>
    public const int Usage = 2;

    /// <summary>What was asked for does not exist yet.</summary>
    public const int NotYet = 3;

    /// <summary>Stopped by Ctrl+C (SIGINT), after the work had been saved.</summary>
    public const int Interrupted = 130;

    /// <summary>Stopped by SIGTERM, after the work had been saved.</summary>
    public const int Terminated = 143;
}
