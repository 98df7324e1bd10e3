using Graft.Text.Decoders;

namespace Graft.Text;

/// <summary>
/// Decodes token by token, as they are generated: gives out text as soon as it is final and holds back what the next token could
/// still change, such as the first bytes of a character.
/// </summary>
/// <remarks>All that <see cref="Push"/> and <see cref="Flush"/> return, joined, is what <see cref="Tokenizer.Decode"/> gives. One decoder serves one text.</remarks>
public sealed class StreamingDecoder
{
    /// <summary>A character has at most four byte tokens; more that make no sense are given out as they stand.</summary>
    private const int MostHeldBack = 16;

    private readonly Tokenizer _tokenizer;
    private readonly bool _skipSpecialTokens;
    private readonly System.Text.Decoder? _utf8;
    private readonly List<int> _window = [];
    private int _given;

    /// <summary>A decoder for one text.</summary>
    /// <param name="tokenizer">Decodes the ids.</param>
    /// <param name="skipSpecialTokens">Whether special tokens are left out.</param>
    public StreamingDecoder(Tokenizer tokenizer, bool skipSpecialTokens = true)
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
        _tokenizer = tokenizer;
        _skipSpecialTokens = skipSpecialTokens;
        _utf8 = tokenizer.Parts.Decoder is ByteLevelDecoder ? System.Text.Encoding.UTF8.GetDecoder() : null;
    }

    /// <summary>Takes the next token and returns the text that is final now; empty if there is none.</summary>
    public string Push(int id) => _utf8 is null ? PushToWindow(id) : PushBytes(id);

    /// <summary>Returns what was held back, as it stands, and starts over.</summary>
    public string Flush()
    {
        if (_utf8 is not null)
        {
            return Convert([], flush: true);
        }

        string rest = NewText(Decode(_window), Decode(_window[.._given]));
        _window.Clear();
        _given = 0;
        return rest;
    }

    private string PushBytes(int id)
    {
        var bytes = new List<byte>();
        if (_tokenizer.DecodedToken(id, _skipSpecialTokens) is { } token)
        {
            ByteLevelDecoder.AppendBytes(token, bytes);
        }

        return Convert(bytes.ToArray(), flush: false);
    }

    private string Convert(byte[] bytes, bool flush)
    {
        var characters = new char[_utf8!.GetCharCount(bytes, flush)];
        return new string(characters, 0, _utf8.GetChars(bytes, characters, flush));
    }

    /// <summary>
    /// Decoders look at neighbouring tokens, so a window is kept: the tokens of the last text given out, then those held back. New
    /// text is what the window decodes to beyond those given out.
    /// </summary>
    private string PushToWindow(int id)
    {
        if (_tokenizer.DecodedToken(id, _skipSpecialTokens) is null)
        {
            return string.Empty;
        }

        _window.Add(id);
        string before = Decode(_window[.._given]);
        string now = Decode(_window);
        if (now.Length <= before.Length || (now.EndsWith('\uFFFD') && _window.Count - _given < MostHeldBack))
        {
            return string.Empty;
        }

        _window.RemoveRange(0, _given);
        _given = _window.Count;
        return NewText(now, before);
    }

    private string Decode(List<int> ids) => _tokenizer.Decode(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(ids), _skipSpecialTokens);

    private static string NewText(string now, string before) => now.Length > before.Length ? now[before.Length..] : string.Empty;
}
