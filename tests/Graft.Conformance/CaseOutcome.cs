namespace Graft.Conformance;

/// <summary>How a case ended.</summary>
public enum CaseResult
{
    /// <summary>Everything agreed.</summary>
    Passed,

    /// <summary>Something differed.</summary>
    Failed,

    /// <summary>The case asks for something that Graft does not do yet, named in the message.</summary>
    NotYet,
}

/// <summary>Result of a case, its worst error in units of the tolerance, and what there is to say.</summary>
/// <param name="Result">How it ended.</param>
/// <param name="Worst">Largest error found, as a multiple of the tolerance: up to 1 passes.</param>
/// <param name="Message">What failed or is missing; empty when passed.</param>
public readonly record struct CaseOutcome(CaseResult Result, double Worst, string Message);

/// <summary>Thrown by a runner when the case asks for what Graft does not do yet.</summary>
public sealed class NotYetException(string what) : Exception(what);

/// <summary>Thrown by a runner when the outcome differs from the case.</summary>
public sealed class MismatchException(string message) : Exception(message);
