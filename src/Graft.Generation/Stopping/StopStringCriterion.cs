namespace Graft.Generation.Stopping;

/// <summary>
/// Stops at <c>stop_strings</c>. They are looked for in the tokens' own texts put together; a match must reach into the last token
/// and may begin or end inside a token.
/// </summary>
public sealed class StopStringCriterion : IStoppingCriterion
{
    private readonly string[] _strings;
    private readonly Func<int, string> _tokenText;
    private readonly int _longest;
    private char[] _tail = [];

    /// <summary>Looks for <paramref name="strings"/>.</summary>
    /// <param name="strings">The strings; none may be empty.</param>
    /// <param name="tokenText">The text of a token as it stands inside a text. It is asked again and again: answer from a table.</param>
    /// <exception cref="ArgumentException">A string is empty.</exception>
    public StopStringCriterion(IEnumerable<string> strings, Func<int, string> tokenText)
    {
        ArgumentNullException.ThrowIfNull(strings);
        ArgumentNullException.ThrowIfNull(tokenText);
        _strings = [.. strings];
        _tokenText = tokenText;
        if (_strings.Any(string.IsNullOrEmpty))
        {
            throw new ArgumentException("A stop string must not be empty.", nameof(strings));
        }

        _longest = _strings.Length == 0 ? 0 : _strings.Max(text => text.Length);
    }

    /// <inheritdoc/>
    public bool Stops(ReadOnlySpan<int> tokens, int promptLength)
    {
        if (tokens.IsEmpty || _longest == 0)
        {
            return false;
        }

        // The window: the last token and as much before it as the longest string could use.
        int last = _tokenText(tokens[^1]).Length;
        int wanted = last + _longest - 1;
        int first = tokens.Length;
        int length = 0;
        while (first > 0 && length < wanted)
        {
            length += _tokenText(tokens[--first]).Length;
        }

        if (_tail.Length < length)
        {
            _tail = new char[length];
        }

        int at = 0;
        foreach (int token in tokens[first..])
        {
            ReadOnlySpan<char> text = _tokenText(token);
            text.CopyTo(_tail.AsSpan(at));
            at += text.Length;
        }

        return Matches(_tail.AsSpan(0, length), length - last);
    }

    private bool Matches(ReadOnlySpan<char> window, int lastTokenStart)
    {
        foreach (string text in _strings)
        {
            // The earliest start that still ends behind the last token's start.
            int earliest = Math.Max(0, lastTokenStart - text.Length + 1);
            if (window[earliest..].IndexOf(text, StringComparison.Ordinal) >= 0)
            {
                return true;
            }
        }

        return false;
    }
}
