using System.Text.Json;
using Spectre.Console;

namespace Graft.Cli.CommandLine;

/// <summary>Where a verb writes: results to stdout, progress to stderr, or JSON lines to stdout with <c>--json</c>.</summary>
internal sealed class Output
{
    /// <summary>Writes to two places.</summary>
    /// <param name="results">Standard output.</param>
    /// <param name="progress">Standard error.</param>
    /// <param name="json">Whether results are JSON lines.</param>
    public Output(TextWriter results, TextWriter progress, bool json)
    {
        ResultWriter = results;
        ProgressWriter = progress;
        IsJson = json;
        Results = Terminal(results, Console.IsOutputRedirected || !ReferenceEquals(results, Console.Out));
        Progress = Terminal(progress, Console.IsErrorRedirected || !ReferenceEquals(progress, Console.Error));
        IsInteractive = !json && Progress.Profile.Capabilities.Interactive;
    }

    /// <summary>Whether results are JSON lines.</summary>
    public bool IsJson { get; }

    /// <summary>Whether a person watches stderr: live displays make sense.</summary>
    public bool IsInteractive { get; }

    /// <summary>Tables and texts on stdout; without colours and cursor movements when it is a pipe.</summary>
    public IAnsiConsole Results { get; }

    /// <summary>Live displays and notes on stderr.</summary>
    public IAnsiConsole Progress { get; }

    /// <summary>Plain text on stdout.</summary>
    public TextWriter ResultWriter { get; }

    /// <summary>Plain text on stderr.</summary>
    public TextWriter ProgressWriter { get; }

    /// <summary>A result line; nothing with <c>--json</c>.</summary>
    public void Line(string text = "")
    {
        if (!IsJson)
        {
            ResultWriter.WriteLine(text);
        }
    }

    /// <summary>A note on stderr; nothing with <c>--json</c>.</summary>
    public void Note(string text)
    {
        if (!IsJson)
        {
            ProgressWriter.WriteLine(text);
        }
    }

    /// <summary>One JSON object, with <c>event</c> first, on a line of its own; nothing without <c>--json</c>.</summary>
    /// <param name="name">The event's name.</param>
    /// <param name="write">Writes the other properties.</param>
    public void Event(string name, Action<Utf8JsonWriter> write)
    {
        if (!IsJson)
        {
            return;
        }

        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            writer.WriteStartObject();
            writer.WriteString("event", name);
            write(writer);
            writer.WriteEndObject();
        }

        ResultWriter.WriteLine(System.Text.Encoding.UTF8.GetString(buffer.GetBuffer(), 0, (int)buffer.Length));
        ResultWriter.Flush();
    }

    /// <summary>An error: a line on stderr, or an <c>error</c> event.</summary>
    public void Error(string message)
    {
        if (IsJson)
        {
            Event("error", writer => writer.WriteString("message", message));
        }
        else
        {
            ProgressWriter.WriteLine($"graft: {message}");
        }
    }

    private static IAnsiConsole Terminal(TextWriter writer, bool isRedirected)
    {
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(writer),
            Ansi = isRedirected ? AnsiSupport.No : AnsiSupport.Detect,
            ColorSystem = isRedirected ? ColorSystemSupport.NoColors : ColorSystemSupport.Detect,
            Interactive = isRedirected ? InteractionSupport.No : InteractionSupport.Detect,
        });
        if (isRedirected)
        {
            console.Profile.Width = 160;
        }

        return console;
    }
}
