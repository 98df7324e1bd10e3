using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Graft.Generation.Decoding;

namespace Graft.Generation;

/// <content>Text as it comes.</content>
public sealed partial class TextGenerator
{
    /// <summary>Continues a prompt and gives out the text piece by piece: whole characters, nothing of a stop string.</summary>
    /// <remarks>The model runs on a thread of the pool. Whoever stops listening stops the generation.</remarks>
    /// <param name="prompt">The prompt.</param>
    /// <param name="settings">Settings of this call; those that are null are taken from <see cref="Config"/>.</param>
    /// <param name="seed">Seed of the random numbers when sampling.</param>
    /// <param name="cancellationToken">Stops between tokens.</param>
    /// <returns>Pieces that are <see cref="GeneratedText.Text"/> when put together.</returns>
    public async IAsyncEnumerable<string> StreamAsync(
        string prompt, GenerationConfig? settings = null, ulong seed = GenerationRequest.DefaultSeed, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        await foreach (TextDelta delta in StreamAsync([prompt], settings, seed, cancellationToken).ConfigureAwait(false))
        {
            if (delta.Text.Length > 0)
            {
                yield return delta.Text;
            }
        }
    }

    /// <summary>Continues several prompts in one batch and gives out their texts piece by piece, as they come.</summary>
    /// <remarks>The model runs on a thread of the pool. Whoever stops listening stops the generation.</remarks>
    /// <param name="prompts">The prompts.</param>
    /// <param name="settings">Settings of this call; those that are null are taken from <see cref="Config"/>.</param>
    /// <param name="seed">Seed of the random numbers when sampling.</param>
    /// <param name="cancellationToken">Stops between tokens.</param>
    /// <returns>Pieces; the last one of each text carries the whole result.</returns>
    public async IAsyncEnumerable<TextDelta> StreamAsync(
        IReadOnlyList<string> prompts, GenerationConfig? settings = null, ulong seed = GenerationRequest.DefaultSeed, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        List<(int PromptIndex, GenerationRequest Request)> requests = Requests(prompts, settings, seed);
        Channel<TextDelta> pieces = Channel.CreateUnbounded<TextDelta>(new UnboundedChannelOptions { SingleReader = true, SingleWriter = true });
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task work = Task.Run(() => WriteTo(pieces.Writer, requests, stop.Token), CancellationToken.None);
        try
        {
            await foreach (TextDelta piece in pieces.Reader.ReadAllAsync(CancellationToken.None).ConfigureAwait(false))
            {
                yield return piece;
            }
        }
        finally
        {
            await stop.CancelAsync().ConfigureAwait(false);
            await work.ConfigureAwait(false);
        }
    }

    /// <summary>Generates into a channel, and ends it with whatever went wrong.</summary>
    private void WriteTo(ChannelWriter<TextDelta> pieces, List<(int PromptIndex, GenerationRequest Request)> requests, CancellationToken cancellationToken)
    {
        try
        {
            Run(requests, piece => pieces.TryWrite(piece), cancellationToken);
            pieces.Complete();
        }
#pragma warning disable CA1031 // The reader throws it again.
        catch (Exception e)
#pragma warning restore CA1031
        {
            pieces.Complete(e);
        }
    }
}
