using Graft.Cli.CommandLine;
using Spectre.Console;

namespace Graft.Cli.Rendering;

/// <summary>What the user should know though nothing is wrong.</summary>
internal static class Notes
{
    /// <summary>Writes them to stderr, or as <c>note</c> events.</summary>
    public static void Write(Output output, IEnumerable<string> notes)
    {
        foreach (string note in notes)
        {
            output.Note($"note: {note}");
            output.Event("note", writer => writer.WriteString("message", note));
        }
    }

    /// <summary>Writes one while a run is shown: above a live display, not into it.</summary>
    public static void Warn(Output output, string note)
    {
        if (output.IsInteractive)
        {
            output.Progress.WriteLine($"note: {note}");
        }
        else
        {
            Write(output, [note]);
        }
    }
}
