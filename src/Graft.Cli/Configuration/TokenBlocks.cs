using Graft.Training.Data;

namespace Graft.Cli.Configuration;

/// <summary>Texts joined and cut into blocks of equal length, for pretraining.</summary>
internal static class TokenBlocks
{
    /// <summary>Joins all samples in order and cuts them; what does not fill a last block is left out, as Hugging Face's examples do.</summary>
    /// <param name="samples">The samples, each with its end-of-sequence token.</param>
    /// <param name="length">Tokens in a block.</param>
    /// <exception cref="ArgumentException">A block of less than two tokens, or fewer tokens than one block.</exception>
    public static IReadOnlyList<TokenizedSample> Join(IReadOnlyList<TokenizedSample> samples, int length)
    {
        if (length < 2)
        {
            throw new ArgumentException($"block_size must be at least 2, but is {length}");
        }

        var blocks = new List<TokenizedSample>();
        int[] ids = new int[length];
        int[] labels = new int[length];
        int filled = 0;
        RowSource source = default;
        foreach (TokenizedSample sample in samples)
        {
            for (int start = 0; start < sample.Length;)
            {
                source = filled == 0 ? sample.Source : source;
                int count = Math.Min(length - filled, sample.Length - start);
                sample.InputIds.AsSpan(start, count).CopyTo(ids.AsSpan(filled));
                sample.Labels.AsSpan(start, count).CopyTo(labels.AsSpan(filled));
                (start, filled) = (start + count, filled + count);
                if (filled == length)
                {
                    blocks.Add(new TokenizedSample([.. ids], [.. labels], source));
                    filled = 0;
                }
            }
        }

        return blocks.Count > 0 ? blocks : throw new ArgumentException($"the data has {samples.Sum(sample => (long)sample.Length)} tokens, less than one block of block_size {length}");
    }
}
