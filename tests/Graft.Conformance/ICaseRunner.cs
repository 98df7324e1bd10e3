namespace Graft.Conformance;

/// <summary>Runs the cases of one kind.</summary>
/// <remarks>
/// Throw <see cref="NotYetException"/> for what Graft does not do yet and <see cref="MismatchException"/> for what differs;
/// any other exception counts as a failure with its type in the message.
/// </remarks>
public interface ICaseRunner
{
    /// <summary>The value of <c>kind</c> in case.json.</summary>
    string Kind { get; }

    /// <summary>Runs one case.</summary>
    /// <param name="case">The case.</param>
    /// <param name="check">Compares within the case's tolerance.</param>
    void Run(ConformanceCase @case, Check check);
}
