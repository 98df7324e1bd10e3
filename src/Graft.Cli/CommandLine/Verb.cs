using System.CommandLine;
using Graft.Tensors.Assembly;
using Graft.Training;

namespace Graft.Cli.CommandLine;

/// <summary>A verb of the tool: its options, and what it does. One file each, in <c>Commands</c>.</summary>
internal abstract class Verb
{
    /// <summary>The word on the command line.</summary>
    public abstract string Name { get; }

    /// <summary>One line for <c>--help</c>.</summary>
    public abstract string Description { get; }

    /// <summary>Verbs below this one; a verb that has some does nothing by itself.</summary>
    protected virtual IReadOnlyList<Verb> Subverbs => [];

    /// <summary>The command with its options and action.</summary>
    /// <param name="results">Standard output.</param>
    /// <param name="progress">Standard error.</param>
    public Command Create(TextWriter results, TextWriter progress)
    {
        var command = new Command(Name, Description);
        Configure(command);
        if (Subverbs.Count > 0)
        {
            foreach (Verb verb in Subverbs)
            {
                command.Subcommands.Add(verb.Create(results, progress));
            }

            return command;
        }

        command.SetAction((parsed, _) => InvokeAsync(parsed, new Output(results, progress, parsed.GetValue(GraftTool.Json))));
        return command;
    }

    /// <summary>Adds arguments and options.</summary>
    protected abstract void Configure(Command command);

    /// <summary>Does the work.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="output">Where to write.</param>
    /// <param name="cancellationToken">Cancelled by the first Ctrl+C or SIGTERM.</param>
    /// <returns>One of <see cref="ExitCode"/>.</returns>
    protected abstract Task<int> RunAsync(ParseResult parsed, Output output, CancellationToken cancellationToken);

    private async Task<int> InvokeAsync(ParseResult parsed, Output output)
    {
        using var termination = new Termination(output.Note);
        try
        {
            AssembledKernels.CheckSwitches();
            AssembledKernels.IsExact = parsed.GetValue(GraftTool.Exact);
            GraftTool.ApplyThreads(parsed.GetValue(GraftTool.Threads));
            int code = await RunAsync(parsed, output, termination.Token);
            return termination.RequestedExitCode ?? code;
        }
        catch (OperationCanceledException) when (termination.RequestedExitCode is int requested)
        {
            return requested;
        }
        catch (UsageException e)
        {
            output.Error(e.Message);
            return ExitCode.Usage;
        }
        catch (NotYetException e)
        {
            output.Error(e.Message);
            return ExitCode.NotYet;
        }
        catch (Exception e) when (IsForTheReader(e) && !parsed.GetValue(GraftTool.Trace))
        {
            output.Error(e.Message);
            return ExitCode.Failure;
        }
    }

    /// <summary>Mistakes that a user can mend; anything else is a bug and keeps its stack trace.</summary>
    internal static bool IsForTheReader(Exception e)
        => e is ArgumentException or IOException or UnauthorizedAccessException or NotSupportedException or InvalidOperationException or NonFiniteException or InvalidDataException or OutOfMemoryException;
}
