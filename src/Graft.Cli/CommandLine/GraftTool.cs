using System.CommandLine;
using Graft.Cli.Commands;
using Graft.Tensors.Threading;

namespace Graft.Cli.CommandLine;

/// <summary>The tool: parses the command line, runs the verb, and turns a user's mistake into one message and an exit code.</summary>
internal static class GraftTool
{
    /// <summary>Prints one JSON object a line instead of text.</summary>
    public static readonly Option<bool> Json = new("--json") { Description = "print one JSON object a line instead of text", Recursive = true };

    /// <summary>Number of worker threads.</summary>
    public static readonly Option<int?> Threads = new("--threads") { Description = "worker threads (default: one a core)", HelpName = "N", Recursive = true };

    /// <summary>Asks for the same bits on every CPU.</summary>
    public static readonly Option<bool> Exact = new("--exact")
    {
        Description = "the same bits on every CPU: bf16 products avoid an instruction that rounds otherwise here",
        Recursive = true,
    };

    /// <summary>Shows where an error came from.</summary>
    public static readonly Option<bool> Trace = new("--trace") { Description = "show the stack trace of an error", Recursive = true, Hidden = true };

    /// <summary>Runs one command line.</summary>
    /// <param name="args">The arguments.</param>
    /// <param name="results">Where results go: stdout.</param>
    /// <param name="progress">Where progress and errors go: stderr.</param>
    /// <returns>The exit code, one of <see cref="ExitCode"/>.</returns>
    public static async Task<int> RunAsync(string[] args, TextWriter results, TextWriter progress)
    {
        var root = new RootCommand("Graft fine-tunes language models: a Hugging Face model folder goes in, a PEFT adapter folder comes out.") { Json, Threads, Exact, Trace };
        foreach (Verb verb in Verbs.Meant(args))
        {
            root.Subcommands.Add(verb.Create(results, progress));
        }

        ParseResult parsed = root.Parse(args);
        if (parsed.Errors.Count > 0 && parsed.GetValue(Json))
        {
            new Output(results, progress, json: true).Error(string.Join("; ", parsed.Errors.Select(error => error.Message)));
            return ExitCode.Usage;
        }

        // Signals are ours (see Termination): the library would end the process two seconds after the first one.
        var configuration = new InvocationConfiguration { Output = results, Error = progress, EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null };
        int code = await parsed.InvokeAsync(configuration);
        return parsed.Errors.Count > 0 ? ExitCode.Usage : code;
    }

    /// <summary>Sets the number of workers that <c>--threads</c> asks for.</summary>
    public static void ApplyThreads(int? threads)
    {
        if (threads is not int count)
        {
            return;
        }

        if (count < 1)
        {
            throw new ArgumentException($"--threads must be at least 1, not {count}");
        }

        WorkerPool.Resize(count);
    }
}
