using Graft.Models;
using Graft.Tensors;

namespace Graft.Generation.Decoding;

/// <summary>A model with a key-value cache: tokens of some sequences go in, logits of their last rows come out.</summary>
/// <remarks>
/// One step: <see cref="Begin"/>, <see cref="Feed"/> for each sequence, <see cref="Run"/>. A step with the numbers of tokens and
/// sequences of an earlier one allocates nothing. A step that fails leaves the cache as it was.
/// </remarks>
internal sealed class CachedModel : IDisposable
{
    private readonly SourceCache? _sources;
    private readonly Tape _tape = new();
    private readonly ForwardContext _context;
    private readonly SequenceLayout _picked = new();
    private int[] _pickedRows = new int[16];
    private int[] _slots = new int[16];
    private int _sequences;

    public CachedModel(LanguageModel model)
    {
        Model = model;
        Cache = new KeyValueCache(model.Config.LayerCount, model.Config.KeyValueWidth, model.Config.KeyValueWidth);
        _context = new ForwardContext(_tape) { Cache = Cache };
        if (model is Seq2SeqLanguageModel encoderDecoder)
        {
            _sources = new SourceCache(encoderDecoder, _context);
        }
    }

    public LanguageModel Model { get; }

    /// <summary>The sequences' keys and values.</summary>
    public KeyValueCache Cache { get; }

    /// <summary>Takes a slot for a new sequence; between steps.</summary>
    /// <param name="request">Its request, whose source an encoder-decoder encodes now.</param>
    public int AddSequence(GenerationRequest request)
    {
        int slot = Cache.AddSequence();
        _sources?.Add(slot, request.SourceIds!);
        return slot;
    }

    /// <summary>Takes a slot for a copy of a sequence; both go on from there.</summary>
    /// <param name="slot">The sequence to copy.</param>
    public int CopySequence(int slot)
    {
        int copy = Cache.CopySequence(slot);
        _sources?.Share(slot, copy);
        return copy;
    }

    /// <summary>Frees a slot.</summary>
    /// <param name="slot">A slot in use.</param>
    public void Remove(int slot)
    {
        Cache.Remove(slot);
        _sources?.Remove(slot);
    }

    /// <summary>Starts a step: no sequences. Logits of the step before are gone.</summary>
    public void Begin()
    {
        _tape.Reset();
        _context.Begin();
        _picked.Clear();
        _sequences = 0;
    }

    /// <summary>Adds the next tokens of a sequence to the step.</summary>
    /// <param name="slot">The sequence's slot in <see cref="Cache"/>.</param>
    /// <param name="tokens">Tokens that follow those in the cache.</param>
    /// <param name="logitRows">For how many of them, the last ones, logits are wanted.</param>
    /// <returns>The row of the first of those logits.</returns>
    public int Feed(int slot, ReadOnlySpan<int> tokens, int logitRows)
    {
        int position = Cache.LengthOf(slot);
        int firstLogits = _picked.Rows;
        if (_sequences == _slots.Length)
        {
            Array.Resize(ref _slots, 2 * _sequences);
        }

        _slots[_sequences++] = slot;
        _context.AddSequence(tokens, position);
        if (firstLogits + logitRows > _pickedRows.Length)
        {
            Array.Resize(ref _pickedRows, 2 * (firstLogits + logitRows));
        }

        int end = _context.Sequences.Rows;
        _picked.Add(logitRows, position + tokens.Length - logitRows);
        for (int i = 0; i < logitRows; i++)
        {
            _pickedRows[firstLogits + i] = end - logitRows + i;
        }

        return firstLogits;
    }

    /// <summary>Runs the step.</summary>
    /// <param name="decoding">Whether the tokens are new ones, a few for each sequence; false for prompts. Bits depend on it.</param>
    /// <returns>The wanted logits, in the order of feeding; null if none are. Valid until the next <see cref="Begin"/>.</returns>
    public Tensor? Run(bool decoding)
    {
        Cache.SlotsOfStep = _slots.AsSpan(0, _sequences);
        _sources?.Choose(_slots.AsSpan(0, _sequences));
        _tape.Decoding = decoding;
        Tensor hidden = Model.Forward(_context);
        Tensor? logits = null;
        if (_picked.Rows > 0)
        {
            // Rows before a head are few, whatever went in.
            _tape.Decoding = true;
            Tensor rows = _picked.Rows == hidden.Rows ? hidden : Op.GatherRows(_tape, hidden, _pickedRows, _picked);
            logits = Model.Logits(_context, rows);
        }

        Cache.Commit();
        return logits;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _sources?.Dispose();
        Cache.Dispose();
        _tape.Dispose();
    }
}
