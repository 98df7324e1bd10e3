using Graft.Cli.CommandLine;

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
}
