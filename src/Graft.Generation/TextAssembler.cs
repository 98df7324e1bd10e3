using System.Text;
using Graft.Generation.Decoding;
using Graft.Text;

namespace Graft.Generation;

/// <summary>Turns the tokens of one sequence into text as they come, and cuts it at a stop string.</summary>
/// <remarks>Text that may turn out to be the beginning of a stop string is held back until that is settled.</remarks>
internal sealed class TextAssembler
{
    // Decoders look at neighbouring tokens: a few of the prompt's make the first new token stand inside a text.
    private const int PromptContext = 16;

    private readonly GenerationSequence _sequence;
    private readonly IReadOnlyList<string> _stopStrings;
    private readonly IReadOnlyList<int> _endTokens;
    private readonly StreamingDecoder _decoder;
    private readonly StringBuilder _text = new();
    private readonly int _longestStop;

    /// <summary>The end of what was given out (at first of the prompt), which a stop string may begin in; then what is held back.</summary>
    private string _window = string.Empty;
    private int _given;
    private int _taken;

    public TextAssembler(Tokenizer tokenizer, GenerationSequence sequence, int promptIndex)
    {
        _sequence = sequence;
        PromptIndex = promptIndex;
        _stopStrings = sequence.Request.Config.StopStrings ?? [];
        _endTokens = sequence.Request.Config.EosTokenId ?? [];
        _longestStop = _stopStrings.Count == 0 ? 0 : _stopStrings.Max(text => text.Length);
        _decoder = new StreamingDecoder(tokenizer);
        ReadOnlySpan<int> prompt = sequence.Tokens[..sequence.PromptLength];
        foreach (int token in prompt[Math.Max(0, prompt.Length - PromptContext - _longestStop)..])
        {
            _window += _decoder.Push(token);
        }

        _given = _window.Length;
        KeepTail();
    }

    /// <summary>Which prompt the sequence continues.</summary>
    public int PromptIndex { get; }

    /// <summary>The sequence.</summary>
    public GenerationSequence Sequence => _sequence;

    /// <summary>The stop string that was found; the text ends before it.</summary>
    public string? StopString { get; private set; }

    /// <summary>Decodes the tokens that have come since the last call.</summary>
    /// <returns>Text that is final now.</returns>
    public string Take()
    {
        ReadOnlySpan<int> tokens = _sequence.NewTokens;
        int start = _text.Length;
        while (_taken < tokens.Length && StopString is null)
        {
            // What ends a text is not part of it, even if it is no special token.
            int token = tokens[_taken++];
            Append(_endTokens.Contains(token) && _taken == tokens.Length && _sequence.FinishReason == FinishReason.EndToken ? string.Empty : _decoder.Push(token));
        }

        if (_sequence.FinishReason is not null && StopString is null)
        {
            Append(_decoder.Flush());
            Release(_window.Length);
        }

        return _text.ToString(start, _text.Length - start);
    }

    /// <summary>The text of a finished sequence, all of whose tokens have been taken.</summary>
    public GeneratedText Result() => new()
    {
        PromptIndex = PromptIndex,
        Text = _text.ToString(),
        PromptIds = _sequence.Request.PromptIds,
        TokenIds = _sequence.NewTokens.ToArray(),
        FinishReason = _sequence.FinishReason!.Value,
        StopString = StopString,
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
