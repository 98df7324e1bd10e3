using System.Text;

namespace Graft.Generation.Stopping;

/// <summary>The UTF-8 bytes that a token stands for inside a text, such as <see cref="Text.TokenBytes.Of"/> gives.</summary>
/// <param name="token">The token's id.</param>
public delegate ReadOnlySpan<byte> BytesOfToken(int token);

/// <summary>
/// Stops at <c>stop_strings</c>. They are looked for in the tokens' own bytes put together; a match must reach into the last token
/// and may begin or end inside a token, and inside a prompt.
/// </summary>
public sealed class StopStringCriterion : IStoppingCriterion
{
    private readonly byte[][] _strings;
    private readonly BytesOfToken _bytesOf;
    private readonly int _longest;
    private byte[] _tail = [];

    /// <summary>Looks for <paramref name="strings"/>.</summary>
    /// <param name="strings">The strings; none may be empty.</param>
    /// <param name="bytesOf">The bytes of a token. It is asked again and again: answer from a table.</param>
    /// <exception cref="ArgumentException">A string is empty.</exception>
    public StopStringCriterion(IEnumerable<string> strings, BytesOfToken bytesOf)
    {
        ArgumentNullException.ThrowIfNull(strings);
        ArgumentNullException.ThrowIfNull(bytesOf);
        _strings = [.. strings.Select(text => Encoding.UTF8.GetBytes(text))];
        _bytesOf = bytesOf;
        if (_strings.Any(text => text.Length == 0))
        {
            throw new ArgumentException("A stop string must not be empty.", nameof(strings));
        }

        _longest = _strings.Length == 0 ? 0 : _strings.Max(text => text.Length);
    }

    /// <inheritdoc/>
    public FinishReason Reason => FinishReason.StopString;

    /// <inheritdoc/>
    public bool Stops(ReadOnlySpan<int> tokens, int promptLength)
    {
        if (tokens.IsEmpty || _longest == 0)
        {
            return false;
        }

        // The window: the last token and as much before it as the longest string could use.
        int last = _bytesOf(tokens[^1]).Length;
        int wanted = last + _longest - 1;
        int first = tokens.Length;
        int length = 0;
        while (first > 0 && length < wanted)
        {
            length += _bytesOf(tokens[--first]).Length;
        }

        if (_tail.Length < length)
        {
            _tail = new byte[Math.Max(length, 2 * _longest)];
        }

        int at = 0;
        foreach (int token in tokens[first..])
        {
            ReadOnlySpan<byte> text = _bytesOf(token);
            text.CopyTo(_tail.AsSpan(at));
            at += text.Length;
        }

        return Matches(_tail.AsSpan(0, length), length - last);
    }

    private bool Matches(ReadOnlySpan<byte> window, int lastTokenStart)
    {
        foreach (byte[] text in _strings)
        {
            // The earliest start that still ends behind the last token's start.
            int earliest = Math.Max(0, lastTokenStart - text.Length + 1);
            if (window[earliest..].IndexOf(text) >= 0)
            {
                return true;
            }
        }

        return false;
    }
}
