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

    /// <summary>Keep only block boundaries and recompute the rest in the backward pass.</summary>
    public bool GradientCheckpointing { get; set; }

    /// <summary>Whether dropout acts.</summary>
    public bool Training { get; set; }

    /// <summary>Called with each block and its output; null for nobody. For finding where numbers break.</summary>
    public Action<DecoderBlock, Tensor>? BlockDone { get; set; }

    /// <summary>Starts a new batch: no sequences.</summary>
    public void Begin() => Sequences.Clear();

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
    public Tensor Run(DecoderBlock block, Tensor hidden)
    {
        if (GradientCheckpointing && Tape.Recording)
        {
            return Checkpoint.Run(Tape, block, hidden, this);
        }

        int scope = Tape.BeginScope();
        Tensor result = block.Forward(this, hidden);
        BlockDone?.Invoke(block, result);
        Tape.EndScope(scope, result);
        Tape.Release(hidden);
        return result;
    }

    /// <summary>Runs blocks one after the other.</summary>
    /// <param name="blocks">The blocks, in order.</param>
    /// <param name="hidden">[tokens, hidden]; its memory is freed unless a backward pass needs it.</param>
    public Tensor Run(IReadOnlyList<DecoderBlock> blocks, Tensor hidden)
    {
        // An enumerator would be an allocation each step.
        for (int i = 0; i < blocks.Count; i++)
        {
            hidden = Run(blocks[i], hidden);
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
    /// <returns>[tokens, heads * value head dim].</returns>
    public Tensor Attend(int layer, Tensor queries, HeadLayout queryLayout, Tensor keys, HeadLayout keyLayout, Tensor values, HeadLayout valueLayout, AttentionSettings settings)
        => Cache is null
            ? Op.Attention(Tape, queries, queryLayout, keys, keyLayout, values, valueLayout, settings)
            : Op.CachedAttention(Tape, queries, queryLayout, keys, keyLayout, values, valueLayout, settings, Cache, layer);
}
