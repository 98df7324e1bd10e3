using System.Text;
using Graft.Text;

namespace Graft.Generation;

/// <summary>Turns the tokens of one text into characters as they come, and cuts it at a stop string.</summary>
/// <remarks>Text that may turn out to be the beginning of a stop string is held back until that is settled.</remarks>
internal sealed class TextAssembler
{
    // Decoders look at neighbouring tokens: a few of the prompt's make the first new token stand inside a text.
    private const int PromptContext = 16;

    private readonly IReadOnlyList<int> _promptIds;
    private readonly IReadOnlyList<string> _stopStrings;
    private readonly IReadOnlyList<int> _endTokens;
    private readonly StreamingDecoder _decoder;
    private readonly StringBuilder _text = new();
    private readonly int _longestStop;

    /// <summary>The end of what was given out (at first of the prompt), which a stop string may begin in; then what is held back.</summary>
    private string _window = string.Empty;
    private int _given;
    private int _taken;

    /// <summary>An empty text.</summary>
    /// <param name="tokenizer">Decodes.</param>
    /// <param name="promptIds">What the text continues.</param>
    /// <param name="promptIndex">Which prompt that is.</param>
    /// <param name="config">Stop strings and end tokens.</param>
    public TextAssembler(Tokenizer tokenizer, IReadOnlyList<int> promptIds, int promptIndex, GenerationConfig config)
    {
        _promptIds = promptIds;
        PromptIndex = promptIndex;
        _stopStrings = config.StopStrings ?? [];
        _endTokens = config.EosTokenId ?? [];
        _longestStop = _stopStrings.Count == 0 ? 0 : _stopStrings.Max(text => text.Length);
        _decoder = new StreamingDecoder(tokenizer);
        foreach (int token in promptIds.Skip(promptIds.Count - PromptContext - _longestStop))
        {
            _window += _decoder.Push(token);
        }

        _given = _window.Length;
        KeepTail();
    }

    /// <summary>Which prompt the text continues.</summary>
    public int PromptIndex { get; }

    /// <summary>The stop string that was found; the text ends before it.</summary>
    public string? StopString { get; private set; }

    /// <summary>Decodes the tokens that have come since the last call.</summary>
    /// <param name="tokens">All new tokens so far.</param>
    /// <param name="reason">Why the text ends with them, or null when it goes on.</param>
    /// <returns>Text that is final now.</returns>
    public string Take(ReadOnlySpan<int> tokens, FinishReason? reason)
    {
        int start = _text.Length;
        while (_taken < tokens.Length && StopString is null)
        {
            // What ends a text is not part of it, even if it is no special token.
            bool isEnd = reason == FinishReason.EndToken && _taken + 1 == tokens.Length && _endTokens.Contains(tokens[_taken]);
            Append(isEnd ? string.Empty : _decoder.Push(tokens[_taken]));
            _taken++;
        }

        if (reason is not null && StopString is null)
        {
            Append(_decoder.Flush());
            Release(StopString is null ? _window.Length : 0);
        }

        return _text.ToString(start, _text.Length - start);
    }

    /// <summary>The whole text, all of whose tokens have been taken.</summary>
    /// <param name="tokens">All new tokens.</param>
    /// <param name="reason">Why it ended.</param>
    /// <param name="score">Score of beam search.</param>
    public GeneratedText Result(ReadOnlySpan<int> tokens, FinishReason reason, double? score = null) => new()
    {
        PromptIndex = PromptIndex,
        Text = _text.ToString(),
        PromptIds = _promptIds,
        TokenIds = tokens.ToArray(),
        FinishReason = reason,
        StopString = StopString,
        Score = score,
    };

    private void Append(string text)
    {
        if (text.Length == 0)
        {
            return;
        }

        int before = _window.Length;
        _window += text;
        if (FindStop(before) is { } found)
        {
            StopString = found.Text;
            Release(Math.Max(found.Start, _given));
            return;
        }

        Release(_window.Length - HeldBack());
        KeepTail();
    }

    /// <summary>The first stop string that ends in the text from <paramref name="newText"/> on.</summary>
    private (int Start, string Text)? FindStop(int newText)
    {
        (int Start, string Text)? first = null;
        foreach (string stop in _stopStrings)
        {
            int start = _window.IndexOf(stop, Math.Max(0, newText - stop.Length + 1), StringComparison.Ordinal);
            if (start >= 0 && (first is null || start < first.Value.Start))
            {
                first = (start, stop);
            }
        }

        return first;
    }

    /// <summary>Length of the longest end of the window that a stop string begins with.</summary>
    private int HeldBack()
    {
        for (int length = Math.Min(_longestStop - 1, _window.Length); length > 0; length--)
        {
            foreach (string stop in _stopStrings)
            {
                if (length < stop.Length && _window.AsSpan(_window.Length - length).SequenceEqual(stop.AsSpan(0, length)))
                {
                    return length;
                }
            }
        }

        return 0;
    }

    private void Release(int end)
    {
        if (end > _given)
        {
            _text.Append(_window, _given, end - _given);
            _given = end;
        }
    }

    private void KeepTail()
    {
        int drop = Math.Max(0, Math.Min(_given, _window.Length - Math.Max(0, _longestStop - 1)));
        _window = _window[drop..];
        _given -= drop;
    }
}
