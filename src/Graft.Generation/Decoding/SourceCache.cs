using Graft.Models;
using Graft.Tensors;

namespace Graft.Generation.Decoding;

/// <summary>The encoded sources of an encoder-decoder's sequences: each encoded once, shared by the beams of a text.</summary>
internal sealed class SourceCache : IDisposable
{
    private readonly Seq2SeqLanguageModel _model;
    private readonly ForwardContext _context;
    private readonly KeyValueCache _cache;
    private readonly Dictionary<int, int> _sourceOfSlot = [];
    private int[] _sourcesOfStep = new int[16];

    public SourceCache(Seq2SeqLanguageModel model, ForwardContext context)
    {
        _model = model;
        _context = context;
        _cache = new KeyValueCache(model.Config.LayerCount, model.Config.KeyValueWidth, model.Config.KeyValueWidth);
        context.SourceCache = _cache;
    }

    /// <summary>Encodes the source of the sequence in <paramref name="slot"/>.</summary>
    public void Add(int slot, IReadOnlyList<int> source)
    {
        int entry = _cache.AddSequence();
        _context.Tape.Reset();
        _context.Tape.Decoding = false;
        _context.Begin();
        _context.AddSource([.. source]);
        _cache.SlotsOfStep = [entry];
        _model.CacheSources(_context);
        _context.Begin();
        _sourceOfSlot[slot] = entry;
    }

    /// <summary>Lets the sequence in <paramref name="copy"/> read the source of that in <paramref name="slot"/>.</summary>
    public void Share(int slot, int copy) => _sourceOfSlot[copy] = _sourceOfSlot[slot];

    /// <summary>Forgets the sequence in <paramref name="slot"/>, and its source when no other reads it.</summary>
    public void Remove(int slot)
    {
        _sourceOfSlot.Remove(slot, out int entry);
        if (!_sourceOfSlot.ContainsValue(entry))
        {
            _cache.Remove(entry);
        }
    }

    /// <summary>Tells the context which source each sequence of the step reads.</summary>
    public void Choose(ReadOnlySpan<int> slots)
    {
        if (_sourcesOfStep.Length < slots.Length)
        {
            _sourcesOfStep = new int[2 * slots.Length];
        }

        for (int i = 0; i < slots.Length; i++)
        {
            _sourcesOfStep[i] = _sourceOfSlot[slots[i]];
        }

        _context.SourceSlots = _sourcesOfStep.AsMemory(0, slots.Length);
    }

    /// <inheritdoc/>
    public void Dispose() => _cache.Dispose();
}
