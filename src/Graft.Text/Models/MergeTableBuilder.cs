namespace Graft.Text.Models;

/// <summary>Turns merges of tokens, in order of rank, into merges of ids.</summary>
internal sealed class MergeTableBuilder(Vocabulary vocabulary, string continuingSubwordPrefix)
{
    private int _rank;

    /// <summary>The merges so far.</summary>
    internal MergeTable Table { get; } = new();

    /// <summary>Adds the next merge. The right side's prefix is cut from the result.</summary>
    /// <param name="left">Left token.</param>
    /// <param name="right">Right token.</param>
    /// <param name="error">Makes the exception for a merge of, or to, a token outside the vocabulary.</param>
    internal void Add(string left, string right, Func<string, Exception> error)
    {
        string result = right.StartsWith(continuingSubwordPrefix, StringComparison.Ordinal) ? left + right[continuingSubwordPrefix.Length..] : left + right;
        Table.Add(IdOf(left, error), IdOf(right, error), _rank++, IdOf(result, error));
    }

    private int IdOf(string token, Func<string, Exception> error)
        => vocabulary.TryGetId(token, out int id) ? id : throw error($"token '{token}' is not in the vocabulary; the file is damaged or its parts do not belong together");
}
