using System.Text.Json;
using Graft.Text.AddedTokens;
using Graft.Text.Models;
using Graft.Text.Normalizers;

namespace Graft.Text.Loading.Legacy;

/// <summary>A tokenizer folder without tokenizer.json: its vocabulary files and tokenizer_config.json.</summary>
internal sealed class LegacyFolder
{
    private readonly string _folder;
    private readonly Dictionary<string, bool> _flags = new(StringComparer.Ordinal);

    /// <summary>Reads tokenizer_config.json, if there is one.</summary>
    internal LegacyFolder(string folder)
    {
        _folder = folder;
        SpecialTokens = SpecialTokenNames.Read(folder);
        string config = PathOf(TokenizerFolder.ConfigFile);
        if (File.Exists(config))
        {
            JsonFields.Read(File.ReadAllBytes(config), config, ReadConfig);
        }
    }

    /// <summary><c>tokenizer_class</c> without "Fast", or null.</summary>
    internal string? TokenizerClass { get; private set; }

    /// <summary>Number of sentinel tokens of T5, if the configuration says.</summary>
    internal int? ExtraIds { get; private set; }

    /// <summary>Special tokens by the part they play.</summary>
    internal Dictionary<string, string> SpecialTokens { get; }

    /// <summary>Tokens that the configuration adds, in the order of their ids.</summary>
    internal List<AddedToken> AddedTokens { get; } = [];

    /// <summary>Whether a file is there.</summary>
    internal bool Has(string file) => File.Exists(PathOf(file));

    /// <summary>A flag of tokenizer_config.json.</summary>
    internal bool Flag(string name, bool otherwise) => _flags.GetValueOrDefault(name, otherwise);

    /// <summary>Absolute path of a file of the folder.</summary>
    internal string PathOf(string file) => Path.Combine(_folder, file);

    /// <summary>Sets the special tokens that the files leave open.</summary>
    internal void SetDefaults(params ReadOnlySpan<(string Role, string Token)> defaults)
    {
        foreach ((string role, string token) in defaults)
        {
            SpecialTokens.TryAdd(role, token);
        }
    }

    /// <summary>The added tokens: those of the configuration, then every special token that it does not mention.</summary>
    internal AddedVocabulary Add(Vocabulary model, INormalizer? normalizer, IEnumerable<AddedToken>? more = null)
    {
        IEnumerable<AddedToken> special = SpecialTokens.Values.Distinct().Where(content => AddedTokens.TrueForAll(token => token.Content != content))
            .Select(content => new AddedToken(content, Special: true));
        return new AddedVocabulary(AddedTokens.Concat(more ?? []).Concat(special), model, normalizer);
    }

    /// <summary>Reads vocab.json.</summary>
    internal Vocabulary ReadVocabularyJson()
    {
        string path = Require("vocab.json");
        return JsonFields.Read(File.ReadAllBytes(path), path, fields =>
        {
            var ids = new Dictionary<string, int>(StringComparer.Ordinal);
            foreach (JsonProperty entry in fields.Properties())
            {
                ids[entry.Name] = fields.Id(entry.Value, entry.Name);
            }

            return new Vocabulary(ids);
        });
    }

    /// <summary>Reads vocab.txt: one token a line, ids are line numbers from 0.</summary>
    internal Vocabulary ReadVocabularyText()
    {
        var ids = new Dictionary<string, int>(StringComparer.Ordinal);
        int id = 0;
        foreach (string line in File.ReadLines(Require("vocab.txt")))
        {
            ids[line] = id++;
        }

        return new Vocabulary(ids);
    }

    /// <summary>Reads merges.txt: two tokens a line after an optional <c>#version</c> line.</summary>
    internal MergeTable ReadMerges(Vocabulary vocabulary)
    {
        string path = Require("merges.txt");
        var merges = new MergeTableBuilder(vocabulary, string.Empty);
        int number = 0;
        foreach (string line in File.ReadLines(path))
        {
            int current = ++number;
            if (line.Length == 0 || line.StartsWith("#version", StringComparison.Ordinal))
            {
                continue;
            }

            string[] parts = line.Split(' ');
            if (parts.Length != 2)
            {
                throw new InvalidDataException($"{path}, line {current}: a merge must have two parts, but this line has {parts.Length}");
            }

            merges.Add(parts[0], parts[1], problem => new InvalidDataException($"{path}, line {current}: {problem}"));
        }

        return merges.Table;
    }

    /// <summary>The path of a file that must be there.</summary>
    internal string Require(string file)
        => Has(file) ? PathOf(file) : throw new FileNotFoundException($"'{_folder}' holds no tokenizer.json and no {file}; fetch the tokenizer's files", PathOf(file));

    private bool ReadConfig(JsonFields fields)
    {
        string? name = fields.OptionalText("tokenizer_class");
        TokenizerClass = name?.EndsWith("Fast", StringComparison.Ordinal) == true ? name[..^4] : name;
        ExtraIds = fields.OptionalNumber("extra_ids");
        foreach (JsonProperty entry in fields.Properties().Where(entry => entry.Value.ValueKind is JsonValueKind.True or JsonValueKind.False))
        {
            _flags[entry.Name] = entry.Value.GetBoolean();
        }

        if (fields.OptionalObject("added_tokens_decoder") is { } added)
        {
            foreach (JsonProperty entry in added.Properties().OrderBy(entry => int.TryParse(entry.Name, out int id) ? id : int.MaxValue))
            {
                AddedTokens.Add(TokenizerJson.ReadAddedToken(added.Object(entry.Name)));
            }
        }

        return true;
    }
}
