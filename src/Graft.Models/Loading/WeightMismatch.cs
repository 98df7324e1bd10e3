using System.Text;

namespace Graft.Models;

/// <summary>The error about weights that do not fit: the message shows the first tensors, the error carries all of them.</summary>
public static class WeightMismatch
{
    private const string Key = "Graft.WeightMismatch";
    private const int Shown = 20;

    /// <summary>The error.</summary>
    /// <param name="headline">Which file or folder, and what it does not fit.</param>
    /// <param name="problems">Every missing, unexpected and misshapen tensor, a line each.</param>
    public static InvalidDataException Error(string headline, IReadOnlyList<string> problems)
    {
        ArgumentNullException.ThrowIfNull(problems);
        var message = new StringBuilder(headline);
        foreach (string problem in problems.Take(Shown))
        {
            message.AppendLine().Append("  ").Append(problem);
        }

        if (problems.Count > Shown)
        {
            message.AppendLine().Append($"  and {problems.Count - Shown} more");
        }

        var error = new InvalidDataException(message.ToString());
        error.Data[Key] = problems.ToArray();
        return error;
    }

    /// <summary>Every problem that an error of this kind is about; empty for other errors.</summary>
    /// <param name="error">Any exception.</param>
    public static IReadOnlyList<string> ProblemsOf(Exception error)
    {
        ArgumentNullException.ThrowIfNull(error);
        return error.Data[Key] as string[] ?? [];
    }
}
