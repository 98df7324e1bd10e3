namespace Graft.Text.Models;

/// <summary>What two neighbouring tokens merge to, and how early: merges of lower rank go first.</summary>
internal readonly record struct Merge(int Rank, int Id);

/// <summary>The merges of a BPE model by pair of ids.</summary>
internal sealed class MergeTable
{
    private readonly Dictionary<ulong, Merge> _merges = [];

    /// <summary>Number of merges.</summary>
    internal int Count => _merges.Count;

    /// <summary>Adds the merge of rank <paramref name="rank"/>.</summary>
    internal void Add(int left, int right, int rank, int id) => _merges[Key(left, right)] = new Merge(rank, id);

    /// <summary>The merge of two tokens.</summary>
    internal bool TryGet(int left, int right, out Merge merge) => _merges.TryGetValue(Key(left, right), out merge);

    private static ulong Key(int left, int right) => ((ulong)(uint)left << 32) | (uint)right;
}
