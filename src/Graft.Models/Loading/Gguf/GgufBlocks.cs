namespace Graft.Models;

/// <summary>What the tensors of a model's blocks are called.</summary>
/// <param name="Ours">What their names begin with in Transformers, before the block's number.</param>
/// <param name="Theirs">The same in the file.</param>
/// <param name="Names">Names inside a block, in Transformers and in the file, without <c>.weight</c> and <c>.bias</c>.</param>
internal sealed record GgufBlocks(string Ours, string Theirs, IReadOnlyList<(string Ours, string Theirs)> Names)
{
    /// <summary>A tensor's name in the file; null where it is in none of these blocks.</summary>
    /// <param name="name">Its name in Transformers.</param>
    public string? TensorName(string name)
    {
        if (!name.StartsWith(Ours, StringComparison.Ordinal))
        {
            return null;
        }

        int numberEnd = name.IndexOf('.', Ours.Length);
        int partEnd = name.LastIndexOf('.');
        if (numberEnd < 0 || partEnd <= numberEnd)
        {
            return null;
        }

        ReadOnlySpan<char> part = name.AsSpan((numberEnd + 1)..partEnd);
        foreach ((string ours, string theirs) in Names)
        {
            if (part.SequenceEqual(ours))
            {
                return $"{Theirs}{name[Ours.Length..numberEnd]}.{theirs}{name[partEnd..]}";
            }
        }

        return null;
    }
}
