namespace Graft.Cli.Inspection;

/// <summary>How much a finding matters.</summary>
internal enum Severity
{
    /// <summary>Good to know.</summary>
    Note,

    /// <summary>It loads, but perhaps not as meant.</summary>
    Warning,

    /// <summary>It does not load.</summary>
    Problem,
}

/// <summary>Something that an inspection found.</summary>
/// <param name="Severity">How much it matters.</param>
/// <param name="Message">What, where, and what to do.</param>
internal sealed record Finding(Severity Severity, string Message);
