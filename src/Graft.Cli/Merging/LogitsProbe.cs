using Graft.Models;
using Graft.Tensors;
using Graft.Text;

namespace Graft.Cli.Merging;

/// <summary>A few tokens whose logits tell whether two models compute the same.</summary>
internal sealed class LogitsProbe : IDisposable
{
    /// <summary>The text that is tried when the user gives none.</summary>
    public const string DefaultText = "A graft holds when two cut faces meet and grow together; by next spring, you can hardly tell where one tree ends and the other begins.";

    private const int MostTokens = 64;

    private readonly Tape _tape = new();
    private readonly int[] _ids;

    private LogitsProbe(int[] ids) => _ids = ids;

    /// <summary>Number of tokens.</summary>
    public int Length => _ids.Length;

    /// <summary>The tokens of a text, or, without a tokenizer, tokens from all over the vocabulary.</summary>
    /// <param name="model">The model that is to be tried.</param>
    /// <param name="tokenizer">Its tokenizer; may be null.</param>
    /// <param name="text">The text.</param>
    public static LogitsProbe Create(LanguageModel model, Tokenizer? tokenizer, string text)
    {
        int vocabulary = model.InputEmbedding.VocabularySize;
        int most = Math.Min(MostTokens, model.Config.MaximumPositions ?? MostTokens);
        int[] ids = tokenizer is null
            ? [.. Enumerable.Range(0, most).Select(i => (int)((i * 2654435761L) % vocabulary))]
            : [.. tokenizer.Encode(text).Ids.Take(most)];
        return ids.Length > 0 ? new LogitsProbe(ids) : throw new ArgumentException("the text to try the merged model on has no tokens: give another one");
    }

    /// <summary>Logits of every token, [tokens, vocabulary].</summary>
    /// <param name="model">With whatever adapters are active.</param>
    public float[] Logits(LanguageModel model)
    {
        _tape.Reset();
        _tape.Mode = TapeMode.Inference;
        var context = new ForwardContext(_tape);
        if (model is Seq2SeqLanguageModel encoderDecoder)
        {
            // It reads the text, and writes it again.
            context.AddSource(_ids);
            context.AddSequence([encoderDecoder.Config.DecoderStartTokenId, .. _ids.AsSpan(0, _ids.Length - 1)]);
        }
        else
        {
            context.AddSequence(_ids);
        }

        return model.Logits(context, model.Forward(context)).Span.ToArray();
    }

    /// <inheritdoc/>
    public void Dispose() => _tape.Dispose();
}
