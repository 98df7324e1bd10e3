using System.Runtime.CompilerServices;
using System.Threading.Channels;

namespace Graft.Training;

/// <content>The run as a stream of steps.</content>
public sealed partial class Trainer
{
    /// <summary>Trains on a thread of its own and yields every step's report; the run has ended when the stream has.</summary>
    /// <remarks>Leaving the loop early is the same as cancelling: the step is finished and a checkpoint saved.</remarks>
    /// <param name="observer">Hears of everything else; may be null.</param>
    /// <param name="cancellationToken">Finishes the step, saves a checkpoint and ends the stream.</param>
    /// <exception cref="NonFiniteException">The loss or a gradient became NaN or infinite.</exception>
    public async IAsyncEnumerable<StepReport> StepsAsync(ITrainingObserver? observer = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Channel<StepReport> steps = Channel.CreateUnbounded<StepReport>(new UnboundedChannelOptions { SingleReader = true, SingleWriter = true });
        var writer = new StepWriter(steps.Writer);
        Task<TrainingResult> run = TrainAsync(observer is null ? writer : new CompositeObserver(writer, observer), stop.Token);
        _ = run.ContinueWith(_ => steps.Writer.Complete(), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        try
        {
            await foreach (StepReport report in steps.Reader.ReadAllAsync(CancellationToken.None).ConfigureAwait(false))
            {
                yield return report;
            }
        }
        finally
        {
            await stop.CancelAsync().ConfigureAwait(false);
            await run.ConfigureAwait(false);
        }
    }

    private sealed class StepWriter(ChannelWriter<StepReport> writer) : ITrainingObserver
    {
        public void OnStep(in StepReport report) => writer.TryWrite(report);
    }
}
