namespace Graft.Cli.CommandLine;

/// <summary>A command line that cannot be understood: exit code 2.</summary>
internal sealed class UsageException : Exception
{
    /// <summary>Says what is wrong with it.</summary>
    /// <param name="message">What, and how to mend it.</param>
    public UsageException(string message)
        : base(message)
    {
    }
}
