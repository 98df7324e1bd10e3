namespace Graft.Cli.CommandLine;

/// <summary>Something that Graft is meant to do but does not do yet: exit code 3.</summary>
internal sealed class NotYetException : Exception
{
    /// <summary>Says what.</summary>
    /// <param name="what">What was asked for.</param>
    public NotYetException(string what)
        : base($"not yet: {what}")
    {
    }
}
