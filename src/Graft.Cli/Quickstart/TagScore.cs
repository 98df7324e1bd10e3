namespace Graft.Cli.Quickstart;

/// <summary>How well answers name the right tags: micro-averaged F1, the tags of all rows counted together.</summary>
internal sealed class TagScore
{
    private int _right;
    private int _wrong;
    private int _missed;

    /// <summary>2 · right / (2 · right + wrong + missed); 0 while nothing was right.</summary>
    public double F1 => _right == 0 ? 0 : 2.0 * _right / ((2.0 * _right) + _wrong + _missed);

    /// <summary>The tags that a text names: separated by commas, each once, in order.</summary>
    /// <param name="answer">What a model wrote; only its first line counts.</param>
    public static IReadOnlyList<string> Parse(string answer)
    {
        ReadOnlySpan<char> text = answer.AsSpan().TrimStart();
        int end = text.IndexOfAny('\r', '\n');
        string line = (end < 0 ? text : text[..end]).ToString();
        return [.. line.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Distinct(StringComparer.OrdinalIgnoreCase)];
    }

    /// <summary>Counts an answer.</summary>
    /// <param name="truth">The row's tags.</param>
    /// <param name="answer">What the model wrote.</param>
    public void Add(IReadOnlyCollection<string> truth, string answer)
    {
        var known = new HashSet<string>(truth, StringComparer.OrdinalIgnoreCase);
        IReadOnlyList<string> said = Parse(answer);
        int right = said.Count(known.Contains);
        _right += right;
        _wrong += said.Count - right;
        _missed += known.Count - right;
    }
}
