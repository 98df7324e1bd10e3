using Graft.Tensors;

namespace Graft.Models;

/// <summary>One forward pass: the tokens, the tape, and what the layers need to know.</summary>
/// <remarks>Reuse one object from step to step: <see cref="Begin"/> and <see cref="AddSequence"/> allocate only for larger batches than before.</remarks>
public sealed class ForwardContext
{
    private int[] _tokenIds = new int[256];

    /// <summary>A context that runs on <paramref name="tape"/>.</summary>
    /// <param name="tape">The tape.</param>
    public ForwardContext(Tape tape) => Tape = tape;

    /// <summary>The tape.</summary>
    public Tape Tape { get; }

    /// <summary>The sequences.</summary>
    public SequenceLayout Sequences { get; } = new();

    /// <summary>Token ids, one a row; longer than the number of rows.</summary>
    public int[] TokenIds => _tokenIds;

    /// <summary>Keys and values of earlier tokens while generating; null otherwise.</summary>
    public KeyValueCache? Cache { get; set; }

    /// <summary>The encoder's side of the pass: the texts that an encoder-decoder reads, one for each sequence; null for decoder-only models.</summary>
    public ForwardContext? Source { get; private set; }

    /// <summary>What the encoder made of <see cref="Source"/>, [source tokens, hidden]; null when it is in <see cref="SourceCache"/>.</summary>
    public Tensor? EncodedSource { get; set; }

    /// <summary>Keys and values of encoded sources while generating; null otherwise.</summary>
    public KeyValueCache? SourceCache { get; set; }

    /// <summary>For each sequence the slot of its source in <see cref="SourceCache"/>; several may share one.</summary>
    public ReadOnlyMemory<int> SourceSlots { get; set; }

    /// <summary>Biases by distance that all layers of the stack share; the stack sets them.</summary>
    public RelativeBias RelativeBias { get; set; }

    /// <summary>Keep only block boundaries and recompute the rest in the backward pass.</summary>
    public bool GradientCheckpointing { get; set; }

    /// <summary>Whether dropout acts.</summary>
    public bool Training { get; set; }

    /// <summary>Called with each block and its output; null for nobody. For finding where numbers break.</summary>
    public Action<TransformerBlock, Tensor>? BlockDone { get; set; }

    /// <summary>Starts a new batch: no sequences and no sources.</summary>
    public void Begin()
    {
        Sequences.Clear();
        Source?.Sequences.Clear();
    }

    /// <summary>Adds the source text of the next sequence.</summary>
    /// <param name="tokenIds">Its tokens; at least one.</param>
    /// <param name="key">Names it for the random generator.</param>
    public void AddSource(ReadOnlySpan<int> tokenIds, ulong key = 0)
    {
        Source ??= new ForwardContext(Tape);
        Source.AddSequence(tokenIds, firstPosition: 0, key);
    }

    /// <summary>Adds a sequence to the batch.</summary>
    /// <param name="tokenIds">Its tokens.</param>
    /// <param name="firstPosition">Position of the first one: more than 0 when earlier ones are in the cache.</param>
    /// <param name="key">Names the sequence for the random generator: the same sample has the same in any batch.</param>
    public void AddSequence(ReadOnlySpan<int> tokenIds, int firstPosition = 0, ulong key = 0)
    {
        int start = Sequences.Rows;
        Sequences.Add(tokenIds.Length, firstPosition, key);
        if (Sequences.Rows > _tokenIds.Length)
        {
            Array.Resize(ref _tokenIds, Math.Max(Sequences.Rows, _tokenIds.Length * 2));
        }

        tokenIds.CopyTo(_tokenIds.AsSpan(start));
    }

    /// <summary>Runs a block so that only what its backward pass needs stays in memory.</summary>
    /// <param name="block">The block.</param>
    /// <param name="hidden">[tokens, hidden]; its memory is freed unless a backward pass needs it.</param>
    public Tensor Run(TransformerBlock block, Tensor hidden)
    {
        Tape.Round(hidden);
        Tensor result;
        if (GradientCheckpointing && Tape.Recording)
        {
            result = Checkpoint.Run(Tape, block, hidden, this, EncodedSource, RelativeBias.Values);
        }
        else
        {
            int scope = Tape.BeginScope();
            result = block.Forward(this, hidden);
            BlockDone?.Invoke(block, result);
            Tape.EndScope(scope, result);
        }

        Tape.Release(hidden);
        return result;
    }

    /// <summary>Runs blocks one after the other.</summary>
    /// <param name="blocks">The blocks, in order.</param>
    /// <param name="hidden">[tokens, hidden]; its memory is freed unless a backward pass needs it.</param>
    public Tensor Run(IReadOnlyList<TransformerBlock> blocks, Tensor hidden)
    {
        // An enumerator would be an allocation each step.
        for (int i = 0; i < blocks.Count; i++)
        {
            TransformerBlock block = blocks[i];
            block.Stage?.BeginForward();
            hidden = Run(block, hidden);
            block.Stage?.MarkBackward(Tape, hidden);
        }

        return hidden;
    }

    /// <summary>Attention over the sequences, or over the cache when there is one.</summary>
    /// <param name="layer">Number of the layer.</param>
    /// <param name="queries">[tokens, ..].</param>
    /// <param name="queryLayout">Where the heads are in its columns.</param>
    /// <param name="keys">[tokens, ..]; may be the same tensor.</param>
    /// <param name="keyLayout">Where the heads are in its columns.</param>
    /// <param name="values">[tokens, ..]; may be the same tensor.</param>
    /// <param name="valueLayout">Where the heads are in its columns.</param>
    /// <param name="settings">Heads, scale, positions.</param>
    /// <param name="bias">Biases by distance; none by default.</param>
    /// <returns>[tokens, heads * value head dim].</returns>
    public Tensor Attend(
        int layer, Tensor queries, HeadLayout queryLayout, Tensor keys, HeadLayout keyLayout, Tensor values, HeadLayout valueLayout, AttentionSettings settings, RelativeBias bias = default)
        => Cache is null
            ? Op.Attention(Tape, queries, queryLayout, keys, keyLayout, values, valueLayout, settings, bias, Training)
            : Op.CachedAttention(Tape, queries, queryLayout, keys, keyLayout, values, valueLayout, settings, Cache, layer, bias);
}
