using System.Runtime.InteropServices;
using System.Text;

namespace Graft.Text.Models;

/// <summary>Byte-pair encoding: starts from characters and merges neighbours, lowest rank first, leftmost first.</summary>
internal sealed class BpeModel : ITokenModel
{
    private readonly BpeOptions _options;
    private readonly MergeTable _merges;
    private readonly int[] _byteTokens;
    private readonly int _unknown = -1;
    private readonly WordCache _cache = new();
    private readonly Lazy<MergeBoundaries>? _boundaries;

    /// <summary>A model of a vocabulary and merges.</summary>
    /// <exception cref="InvalidDataException">The unknown token is not in the vocabulary.</exception>
    internal BpeModel(Vocabulary vocabulary, MergeTable merges, BpeOptions options)
    {
        Vocabulary = vocabulary;
        _merges = merges;
        _options = options;
        _byteTokens = options.ByteFallback ? vocabulary.FindByteTokens() : [];
        bool cutsChangeNothing = options is { UnknownToken: not null, IgnoreMerges: false, Dropout: 0, ContinuingSubwordPrefix: "", EndOfWordSuffix: "" };
        _boundaries = cutsChangeNothing ? new Lazy<MergeBoundaries>(() => new MergeBoundaries(vocabulary)) : null;
        if (options.UnknownToken is { } unknown && vocabulary.TryGetId(unknown, out int id))
        {
            _unknown = id;
        }
    }

    /// <inheritdoc/>
    public Vocabulary Vocabulary { get; }

    /// <inheritdoc/>
    public void Tokenize(ReadOnlySpan<char> piece, List<ModelToken> tokens)
    {
        if (_options.Dropout > 0)
        {
            Merge(piece, tokens);
            return;
        }

        if (_boundaries is null || piece.Length <= WordCache.LongestWord)
        {
            TokenizeWhole(piece, tokens);
            return;
        }

        for (int start = 0, end; start < piece.Length; start = end)
        {
            end = _boundaries.Value.NextEnd(piece, start, Vocabulary);
            int before = tokens.Count;
            TokenizeWhole(piece[start..end], tokens);
            foreach (ref ModelToken token in CollectionsMarshal.AsSpan(tokens)[before..])
            {
                token = new ModelToken(token.Id, start + token.Start, start + token.End);
            }
        }
    }

    private void TokenizeWhole(ReadOnlySpan<char> piece, List<ModelToken> tokens)
    {
        if (_cache.Find(piece) is { } known)
        {
            tokens.AddRange(known.AsSpan());
            return;
        }

        int start = tokens.Count;
        if (_options.IgnoreMerges && Vocabulary.TryGetId(piece, out int id))
        {
            tokens.Add(new ModelToken(id, 0, piece.Length));
        }
        else
        {
            Merge(piece, tokens);
        }

        _cache.Remember(piece, CollectionsMarshal.AsSpan(tokens)[start..]);
    }

    private void Merge(ReadOnlySpan<char> piece, List<ModelToken> tokens)
    {
        var word = new BpeWord(piece.Length);
        AddSymbols(piece, ref word);
        if (_options.Dropout < 1)
        {
            word.MergeAll(_merges, _options.Dropout, piece);
        }

        word.CopyTo(tokens, piece);
    }

    private void AddSymbols(ReadOnlySpan<char> piece, ref BpeWord word)
    {
        int unknownBytes = 0;
        for (int at = 0; at < piece.Length;)
        {
            Rune.DecodeFromUtf16(piece[at..], out Rune rune, out int width);
            int bytes = rune.Utf8SequenceLength;
            if (TryGetSymbol(piece, at, width, out int id))
            {
                FlushUnknown(ref word, ref unknownBytes);
                word.Add(id, bytes);
            }
            else if (_options.ByteFallback && HasBytes(rune))
            {
                // Unknown characters before it wait on: their token comes after these bytes, as in the tokenizers library.
                AddBytes(rune, ref word);
            }
            else if (_options.UnknownToken is not null)
            {
                if (!_options.FuseUnknown)
                {
                    FlushUnknown(ref word, ref unknownBytes);
                }

                unknownBytes += bytes;
            }

            at += width;
        }

        FlushUnknown(ref word, ref unknownBytes);
    }

    private void FlushUnknown(ref BpeWord word, ref int bytes)
    {
        if (bytes > 0)
        {
            word.Add(
                _unknown >= 0 ? _unknown : throw new InvalidDataException($"the text has characters outside the vocabulary, and the model's unk_token '{_options.UnknownToken}' is not in the vocabulary"),
                bytes);
            bytes = 0;
        }
    }

    private bool TryGetSymbol(ReadOnlySpan<char> piece, int at, int width, out int id)
    {
        string prefix = at > 0 ? _options.ContinuingSubwordPrefix : string.Empty;
        string suffix = at + width == piece.Length ? _options.EndOfWordSuffix : string.Empty;
        ReadOnlySpan<char> character = piece.Slice(at, width);
        return prefix.Length + suffix.Length == 0
            ? Vocabulary.TryGetId(character, out id)
            : Vocabulary.TryGetId(string.Concat(prefix, character, suffix), out id);
    }

    private bool HasBytes(Rune rune)
    {
        Span<byte> bytes = stackalloc byte[4];
        foreach (byte value in bytes[..rune.EncodeToUtf8(bytes)])
        {
            if (_byteTokens[value] < 0)
            {
                return false;
            }
        }

        return true;
    }

    private void AddBytes(Rune rune, ref BpeWord word)
    {
        Span<byte> bytes = stackalloc byte[4];
        foreach (byte value in bytes[..rune.EncodeToUtf8(bytes)])
        {
            word.Add(_byteTokens[value], 1);
        }
    }
}
