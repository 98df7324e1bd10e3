using Graft.Tensors.Memory;

namespace Graft.Tensors.Kernels;

/// <summary>Some consecutive tokens of one sequence.</summary>
/// <param name="Sequence">Index of the sequence.</param>
/// <param name="First">First token, counted from the sequence's first.</param>
internal readonly record struct TokenBlock(int Sequence, int First);

/// <summary>All sequences of a batch cut into blocks of tokens. Where a sequence is cut depends on nothing but its length.</summary>
internal readonly unsafe struct TokenBlocks
{
    /// <summary>Tokens of a block, but for the last of a sequence. As queries they share the copy of a block of keys and values.</summary>
    public const int MaxTokens = 4 * QueryPanel.MaxQueries;

    private const int ScratchSlot = 6;

    private readonly TokenBlock* _blocks;

    private TokenBlocks(TokenBlock* blocks, int count, long pairs)
    {
        _blocks = blocks;
        Count = count;
        Pairs = pairs;
    }

    /// <summary>Number of blocks.</summary>
    public int Count { get; }

    /// <summary>Number of pairs of query and key, whether they see each other or not.</summary>
    public long Pairs { get; }

    /// <summary>One block.</summary>
    public TokenBlock this[int index] => _blocks[index];

    /// <summary>The blocks of a batch, in this thread's scratch memory.</summary>
    /// <param name="sequences">The batch.</param>
    /// <param name="others">What the tokens are paired with: the same, or the other side of cross-attention.</param>
    /// <param name="minimumLength">Shorter sequences are left out.</param>
    public static TokenBlocks Of(SequenceLayout sequences, SequenceLayout others, int minimumLength = 1)
    {
        int count = 0;
        long pairs = 0;
        ReadOnlySpan<int> offsets = sequences.Offsets;
        for (int i = 0; i < sequences.Count; i++)
        {
            int length = offsets[i + 1] - offsets[i];
            if (length >= minimumLength)
            {
                count += BlocksOf(length);
                pairs += (long)length * (others.Offsets[i + 1] - others.Offsets[i]);
            }
        }

        var blocks = (TokenBlock*)ThreadScratch.Get(ScratchSlot, (nuint)(Math.Max(1, count) * sizeof(TokenBlock)));
        int next = 0;
        for (int i = 0; i < sequences.Count; i++)
        {
            int length = offsets[i + 1] - offsets[i];
            int of = length >= minimumLength ? BlocksOf(length) : 0;
            for (int j = 0; j < of; j++)
            {
                // Last and first in turn: late blocks see more keys, and workers take consecutive ones; what is left for the end is small.
                int block = j % 2 == 0 ? of - 1 - (j / 2) : j / 2;
                blocks[next++] = new TokenBlock(i, block * MaxTokens);
            }
        }

        return new TokenBlocks(blocks, count, pairs);
    }

    private static int BlocksOf(int length) => (length + MaxTokens - 1) / MaxTokens;
}
