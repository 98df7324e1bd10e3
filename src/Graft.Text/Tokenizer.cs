using Graft.Text.AddedTokens;
using Graft.Text.Loading;
using Graft.Text.Loading.Legacy;
using Graft.Text.Models;
using Graft.Text.Pipeline;

namespace Graft.Text;

/// <summary>
/// A tokenizer: text to token ids and back, as the <c>tokenizers</c> library does it. Immutable, so threads share it.
/// </summary>
/// <remarks>
/// A text passes through added tokens, normalizer, pre-tokenizer, model and post-processor. <c>truncation</c> and <c>padding</c> of
/// tokenizer.json are not applied on their own: nothing is ever cut off silently (see <see cref="DefaultTruncation"/>).
/// </remarks>
public sealed class Tokenizer
{
    private readonly TokenizerParts _parts;
    private readonly Dictionary<string, string> _specialTokens;
    private readonly IReadOnlyList<string> _files;
    private readonly (string Name, byte[] Content)[] _contents;

    private Tokenizer(TokenizerParts parts, Dictionary<string, string> specialTokens, IReadOnlyList<string> files, params (string Name, byte[] Content)[] contents)
    {
        _parts = parts;
        _specialTokens = specialTokens;
        _files = files;
        _contents = contents;
    }

    /// <summary>Number of tokens, added ones included.</summary>
    public int VocabularySize => _parts.Model.Vocabulary.Count + _parts.Added.AddedCount;

    /// <summary>Tokens by the part they play: <c>bos_token</c>, <c>eos_token</c>, <c>unk_token</c>, <c>sep_token</c>, <c>pad_token</c>, <c>cls_token</c>, <c>mask_token</c>, as far as the tokenizer's files say.</summary>
    public IReadOnlyDictionary<string, string> SpecialTokens => _specialTokens;

    /// <summary>Id of the token that begins a text, if the files name one.</summary>
    public int? BosTokenId => IdOfRole("bos_token");

    /// <summary>Id of the token that ends a text, if the files name one.</summary>
    public int? EosTokenId => IdOfRole("eos_token");

    /// <summary>Id of the token that fills up batches, if the files name one.</summary>
    public int? PadTokenId => IdOfRole("pad_token");

    /// <summary>Id of the token for what the vocabulary does not have, if the files name one.</summary>
    public int? UnkTokenId => IdOfRole("unk_token");

    /// <summary>The <c>truncation</c> of tokenizer.json, for those who want to apply it.</summary>
    public Truncation? DefaultTruncation => _parts.Truncation;

    /// <summary>The <c>padding</c> of tokenizer.json, for those who want to apply it.</summary>
    public Padding? DefaultPadding => _parts.Padding;

    internal TokenizerParts Parts => _parts;

    /// <summary>Loads a tokenizer from a folder (tokenizer.json, or the older files that make one up) or from a tokenizer.json.</summary>
    /// <param name="path">Folder or file.</param>
    /// <exception cref="FileNotFoundException">There is no such file, or the folder holds no tokenizer.</exception>
    /// <exception cref="InvalidDataException">A file is malformed or has unknown components; the message says what, where and how to fix it.</exception>
    public static Tokenizer Load(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        bool isFolder = Directory.Exists(path);
        string json = isFolder ? Path.Combine(path, TokenizerFolder.JsonFile) : path;
        if (isFolder && !File.Exists(json))
        {
            (TokenizerParts legacy, Dictionary<string, string> names) = LegacyTokenizers.Load(path);
            return new Tokenizer(legacy, names, TokenizerFolder.FilesIn(path).ToArray());
        }

        if (!File.Exists(json))
        {
            throw new FileNotFoundException($"no tokenizer at '{path}': neither a folder nor a tokenizer.json", path);
        }

        byte[] content = File.ReadAllBytes(json);
        TokenizerParts parts = TokenizerJson.Read(content, json);
        if (isFolder || Path.GetFileName(path) == TokenizerFolder.JsonFile)
        {
            string folder = Path.GetDirectoryName(Path.GetFullPath(json))!;
            return new Tokenizer(parts, SpecialTokenNames.Read(folder), TokenizerFolder.FilesIn(folder).ToArray());
        }

        return new Tokenizer(parts, [], [], (TokenizerFolder.JsonFile, content));
    }

    /// <summary>Reads a tokenizer from the content of a tokenizer.json.</summary>
    /// <param name="json">UTF-8 JSON.</param>
    /// <exception cref="InvalidDataException">The content is malformed or has unknown components.</exception>
    public static Tokenizer Parse(ReadOnlySpan<byte> json)
    {
        byte[] content = json.ToArray();
        return new Tokenizer(TokenizerJson.Read(content, TokenizerFolder.JsonFile), [], [], (TokenizerFolder.JsonFile, content));
    }

    /// <summary>Reads a tokenizer from the contents of a tokenizer.json and a tokenizer_config.json.</summary>
    /// <param name="json">UTF-8 JSON.</param>
    /// <param name="config">UTF-8 JSON that names the special tokens.</param>
    /// <exception cref="InvalidDataException">A content is malformed or has unknown components.</exception>
    public static Tokenizer Parse(ReadOnlySpan<byte> json, ReadOnlySpan<byte> config) => Create(json.ToArray(), config.ToArray());

    /// <summary>The id of a token, or null.</summary>
    public int? TokenToId(string token)
    {
        ArgumentNullException.ThrowIfNull(token);
        return _parts.Added.TryGetId(token, out int id) || _parts.Model.Vocabulary.TryGetId(token, out id) ? id : null;
    }

    /// <summary>The token with an id, or null.</summary>
    public string? IdToToken(int id) => TokenizerParts.TokenOf(id, _parts.Model, _parts.Added);

    /// <summary>Whether decoding leaves the token out when it skips special tokens.</summary>
    public bool IsSpecial(int id) => _parts.Added.IsSpecial(id);

    /// <summary>Encodes a text.</summary>
    /// <param name="text">Any text; surrogates without partner count as U+FFFD.</param>
    /// <param name="addSpecialTokens">Whether the post-processor adds its special tokens. Special tokens written in the text are found either way.</param>
    public Encoding Encode(string text, bool addSpecialTokens = true) => Encode(text, null, addSpecialTokens, null);

    /// <summary>Encodes a pair of texts.</summary>
    /// <param name="text">First text.</param>
    /// <param name="pair">Second text.</param>
    /// <param name="addSpecialTokens">Whether the post-processor adds its special tokens.</param>
    public Encoding Encode(string text, string pair, bool addSpecialTokens = true)
    {
        ArgumentNullException.ThrowIfNull(pair);
        return Encode(text, pair, addSpecialTokens, null);
    }

    /// <summary>Encodes a text or a pair and cuts it to length.</summary>
    /// <param name="text">First text.</param>
    /// <param name="pair">Second text, or null.</param>
    /// <param name="addSpecialTokens">Whether the post-processor adds its special tokens.</param>
    /// <param name="truncation">How to cut, or null not to.</param>
    /// <exception cref="ArgumentException">The text that should give way is too short, or the stride too long.</exception>
    public Encoding Encode(string text, string? pair, bool addSpecialTokens, Truncation? truncation)
    {
        ArgumentNullException.ThrowIfNull(text);
        Encoding first = EncodeText(text, 0);
        Encoding? second = pair is null ? null : EncodeText(pair, 1);
        if (truncation is not null)
        {
            int special = addSpecialTokens ? _parts.PostProcessor?.AddedTokens(second is not null) ?? 0 : 0;
            (first, second) = truncation.Apply(first, second, special);
        }

        IReadOnlyList<Encoding> parts = second is null ? [first] : [first, second];
        parts = _parts.PostProcessor?.Process(parts, addSpecialTokens) ?? parts;
        return parts.Count == 0 ? Encoding.OfText([], [], 0, null) : parts.Aggregate((joined, part) => joined.Append(part));
    }

    /// <summary>Decodes ids to text. Ids that do not exist are skipped.</summary>
    /// <param name="ids">Token ids.</param>
    /// <param name="skipSpecialTokens">Whether special tokens are left out.</param>
    public string Decode(ReadOnlySpan<int> ids, bool skipSpecialTokens = true)
    {
        var tokens = new List<string>(ids.Length);
        foreach (int id in ids)
        {
            if (DecodedToken(id, skipSpecialTokens) is { } token)
            {
                tokens.Add(token);
            }
        }

        return _parts.Decoder is { } decoder ? string.Concat(decoder.Decode(tokens)) : string.Join(' ', tokens);
    }

    /// <summary>Writes the tokenizer's files into a folder, which is created if need be.</summary>
    /// <exception cref="IOException">A file cannot be read or written.</exception>
    public void Save(string folder)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        Directory.CreateDirectory(folder);
        foreach ((string name, byte[] content) in _contents)
        {
            TokenizerFolder.WriteWhole(Path.Combine(folder, name), content);
        }

        foreach (string file in _files)
        {
            string target = Path.Combine(folder, Path.GetFileName(file));
            if (Path.GetFullPath(target) != Path.GetFullPath(file))
            {
                TokenizerFolder.WriteWhole(target, File.ReadAllBytes(file));
            }
        }
    }

    /// <summary>What the decoder sees of an id; null if it does not exist or is skipped.</summary>
    internal string? DecodedToken(int id, bool skipSpecialTokens)
        => skipSpecialTokens && IsSpecial(id) ? null : _parts.Added.DecodedOf(id) ?? _parts.Model.Vocabulary.TokenOf(id);

    internal static Tokenizer Create(byte[] json, byte[] config)
    {
        TokenizerParts parts = TokenizerJson.Read(json, TokenizerFolder.JsonFile);
        return new Tokenizer(parts, SpecialTokenNames.Parse(config, TokenizerFolder.ConfigFile), [], (TokenizerFolder.JsonFile, json), (TokenizerFolder.ConfigFile, config));
    }

    private int? IdOfRole(string role) => _specialTokens.TryGetValue(role, out string? token) ? TokenToId(token) : null;

    private Encoding EncodeText(string text, int typeId)
    {
        text = CodePoints.Repair(text);
        var ids = new List<int>();
        var sources = new List<TextRange>();
        var tokens = new List<ModelToken>();
        var written = new List<(int Index, string Text)>();
        foreach (TextSegment segment in _parts.Added.Segment(text))
        {
            if (segment.Id is { } id)
            {
                written.Add((ids.Count, segment.Text.Characters.ToString()));
                ids.Add(id);
                sources.Add(segment.Text.SourceOf(new TextRange(0, segment.Text.Length)));
                continue;
            }

            var pieces = new PreTokenizedText(segment.Text);
            _parts.PreTokenizer?.PreTokenize(pieces);
            AlignedText aligned = pieces.Text;
            ReadOnlySpan<char> characters = aligned.Characters;
            foreach (TextRange piece in pieces.Pieces)
            {
                tokens.Clear();
                _parts.Model.Tokenize(characters[piece.Start..piece.End], tokens);
                foreach (ModelToken token in tokens)
                {
                    ids.Add(token.Id);
                    sources.Add(aligned.SourceOf(new TextRange(piece.Start + token.Start, piece.Start + token.End)));
                }
            }
        }

        return Encoding.OfText(ids.ToArray(), ToCodePoints(text, sources), typeId, WrittenForms(ids.Count, written));
    }

    private static string?[]? WrittenForms(int count, List<(int Index, string Text)> written)
    {
        if (written.Count == 0)
        {
            return null;
        }

        var forms = new string?[count];
        foreach ((int index, string form) in written)
        {
            forms[index] = form;
        }

        return forms;
    }

    private static (int Start, int End)[] ToCodePoints(string text, List<TextRange> sources)
    {
        var offsets = new (int Start, int End)[sources.Count];
        int[]? index = CodePoints.IndexOf(text);
        for (int i = 0; i < offsets.Length; i++)
        {
            (int start, int end) = sources[i];
            offsets[i] = index is null ? (start, end) : (index[start], index[end]);
        }

        return offsets;
    }
}
