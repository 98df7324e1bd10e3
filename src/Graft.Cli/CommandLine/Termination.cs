using System.Runtime.InteropServices;

namespace Graft.Cli.CommandLine;

/// <summary>Ctrl+C and SIGTERM: the first one asks the verb to finish its step and save, the second one leaves at once (design D9).</summary>
internal sealed class Termination : IDisposable
{
    private readonly CancellationTokenSource _source = new();
    private readonly PosixSignalRegistration[] _registrations;
    private readonly Action<string> _say;
    private int _exitCode;

    /// <summary>Listens from now on.</summary>
    /// <param name="say">Tells the user that the signal was heard.</param>
    public Termination(Action<string> say)
    {
        _say = say;
        _registrations =
        [
            PosixSignalRegistration.Create(PosixSignal.SIGINT, context => Heard(context, ExitCode.Interrupted)),
            PosixSignalRegistration.Create(PosixSignal.SIGTERM, context => Heard(context, ExitCode.Terminated)),
        ];
    }

    /// <summary>Cancelled by the first signal.</summary>
    public CancellationToken Token => _source.Token;

    /// <summary>The exit code that the signal asks for, or null while there was none.</summary>
    public int? RequestedExitCode => _exitCode == 0 ? null : _exitCode;

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (PosixSignalRegistration registration in _registrations)
        {
            registration.Dispose();
        }

        _source.Dispose();
    }

    private void Heard(PosixSignalContext context, int exitCode)
    {
        context.Cancel = true;
        if (Interlocked.CompareExchange(ref _exitCode, exitCode, 0) != 0)
        {
            Environment.Exit(exitCode);
        }

        _say("stopping after this step; once more to leave at once");
        _source.Cancel();
    }
}
