namespace Graft.Text.Models;

/// <summary>Tokens and their ids.</summary>
internal sealed class Vocabulary
{
    private readonly Dictionary<string, int> _ids;
    private readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> _idsBySpan;
    private readonly Dictionary<int, string> _tokens;

    /// <summary>A vocabulary of the given ids. Of two tokens with one id the later one is what the id decodes to.</summary>
    internal Vocabulary(Dictionary<string, int> ids)
    {
        _ids = ids;
        _idsBySpan = ids.GetAlternateLookup<ReadOnlySpan<char>>();
        _tokens = new Dictionary<int, string>(ids.Count);
        foreach ((string token, int id) in ids)
        {
            _tokens[id] = token;
        }
    }

    /// <summary>Number of tokens.</summary>
    internal int Count => _ids.Count;

    /// <summary>Every token with its id.</summary>
    internal IEnumerable<KeyValuePair<string, int>> Entries => _ids;

    /// <summary>The id of a token.</summary>
    internal bool TryGetId(ReadOnlySpan<char> token, out int id) => _idsBySpan.TryGetValue(token, out id);

    /// <summary>The token with an id, or null.</summary>
    internal string? TokenOf(int id) => _tokens.GetValueOrDefault(id);

    /// <summary>The ids of <c>&lt;0x00&gt;</c> to <c>&lt;0xFF&gt;</c>, -1 for those that are missing.</summary>
    internal int[] FindByteTokens()
    {
        var ids = new int[256];
        for (int value = 0; value < 256; value++)
        {
            ids[value] = TryGetId($"<0x{value:X2}>", out int id) ? id : -1;
        }

        return ids;
    }
}
