using System.Text.Json;

namespace Graft.Formats;

/// <summary>Tokens of a GGUF file, what kind each is, and which play a part.</summary>
internal sealed class GgufVocabulary
{
    private const string Prefix = "tokenizer.ggml.";
    private const int UnknownType = 2;
    private const int ControlType = 3;
    private const int UserDefinedType = 4;

    private readonly int[]? _types;

    private GgufVocabulary(GgufMetadata metadata)
    {
        Tokens = metadata.OptionalTexts(Prefix + "tokens") ?? throw metadata.Error("the file carries no tokenizer (tokenizer.ggml.tokens): give the folder of one");
        Scores = metadata.OptionalSingles(Prefix + "scores");
        _types = metadata.OptionalIntegers(Prefix + "token_type");
        if ((Scores?.Length ?? Tokens.Length) != Tokens.Length || (_types?.Length ?? Tokens.Length) != Tokens.Length)
        {
            throw metadata.Error($"there are {Tokens.Length} tokens, but {Scores?.Length ?? Tokens.Length} scores and {_types?.Length ?? Tokens.Length} types");
        }

        int bad = Array.FindIndex(Scores ?? [], score => !float.IsFinite(score));
        if (bad >= 0)
        {
            throw metadata.Error($"token {bad} has the score {Scores![bad]}");
        }

        Bos = TokenId(metadata, "bos_token_id");
        Eos = TokenId(metadata, "eos_token_id");
        Unknown = TokenId(metadata, "unknown_token_id");
        Padding = TokenId(metadata, "padding_token_id");

        // What llama.cpp does where the file does not say.
        string kind = metadata.Text(Prefix + "model");
        AddBos = metadata.OptionalFlag(Prefix + "add_bos_token") ?? kind == "llama";
        AddEos = metadata.OptionalFlag(Prefix + "add_eos_token") ?? kind == "t5";
    }

    /// <summary>The tokens, by id.</summary>
    public string[] Tokens { get; }

    /// <summary>Their scores, or null.</summary>
    public float[]? Scores { get; }

    /// <summary>The id that begins a text.</summary>
    public int? Bos { get; }

    /// <summary>The id that ends a text.</summary>
    public int? Eos { get; }

    /// <summary>The id for what the vocabulary lacks.</summary>
    public int? Unknown { get; }

    /// <summary>The id that fills up batches.</summary>
    public int? Padding { get; }

    /// <summary>Whether texts begin with <see cref="Bos"/>.</summary>
    public bool AddBos { get; }

    /// <summary>Whether texts end with <see cref="Eos"/>.</summary>
    public bool AddEos { get; }

    public static GgufVocabulary Read(GgufMetadata metadata) => new(metadata);

    /// <summary>Tokens that are matched whole: control ones are special, user-defined ones are not.</summary>
    public void WriteAddedTokens(Utf8JsonWriter json)
    {
        json.WriteStartArray("added_tokens");
        for (int id = 0; id < Tokens.Length; id++)
        {
            int type = _types?[id] ?? (id == Bos || id == Eos || id == Unknown ? ControlType : 0);
            if (type is not (UnknownType or ControlType or UserDefinedType))
            {
                continue;
            }

            json.WriteStartObject();
            json.WriteNumber("id", id);
            json.WriteString("content", Tokens[id]);
            json.WriteBoolean("single_word", false);
            json.WriteBoolean("lstrip", false);
            json.WriteBoolean("rstrip", false);
            json.WriteBoolean("normalized", false);
            json.WriteBoolean("special", type != UserDefinedType);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    /// <summary>The vocabulary as an object of ids.</summary>
    public void WriteIds(Utf8JsonWriter json)
    {
        json.WriteStartObject("vocab");
        var seen = new HashSet<string>(StringComparer.Ordinal);
        for (int id = 0; id < Tokens.Length; id++)
        {
            if (seen.Add(Tokens[id]))
            {
                json.WriteNumber(Tokens[id], id);
            }
        }

        json.WriteEndObject();
    }

    /// <summary>A template that adds the tokens that begin and end a text; nothing where none is added.</summary>
    /// <returns>Whether there is one.</returns>
    public bool WriteTemplate(Utf8JsonWriter json)
    {
        int? first = AddBos ? Bos : null, last = AddEos ? Eos : null;
        if (first is null && last is null)
        {
            return false;
        }

        json.WriteString("type", "TemplateProcessing");
        foreach ((string name, string[] sequences) in new[] { ("single", new[] { "A" }), ("pair", ["A", "B"]) })
        {
            json.WriteStartArray(name);
            for (int i = 0; i < sequences.Length; i++)
            {
                WritePiece(json, first, i);
                json.WriteStartObject();
                json.WriteStartObject("Sequence");
                json.WriteString("id", sequences[i]);
                json.WriteNumber("type_id", i);
                json.WriteEndObject();
                json.WriteEndObject();
                WritePiece(json, last, i);
            }

            json.WriteEndArray();
        }

        json.WriteStartObject("special_tokens");
        foreach (int id in new[] { first, last }.OfType<int>().Distinct())
        {
            json.WriteStartObject(Tokens[id]);
            json.WriteString("id", Tokens[id]);
            json.WriteStartArray("ids");
            json.WriteNumberValue(id);
            json.WriteEndArray();
            json.WriteStartArray("tokens");
            json.WriteStringValue(Tokens[id]);
            json.WriteEndArray();
            json.WriteEndObject();
        }

        json.WriteEndObject();
        return true;
    }

    private void WritePiece(Utf8JsonWriter json, int? id, int typeId)
    {
        if (id is int token)
        {
            json.WriteStartObject();
            json.WriteStartObject("SpecialToken");
            json.WriteString("id", Tokens[token]);
            json.WriteNumber("type_id", typeId);
            json.WriteEndObject();
            json.WriteEndObject();
        }
    }

    private int? TokenId(GgufMetadata metadata, string name)
    {
        int? id = metadata.OptionalInteger(Prefix + name);
        return id is null || (uint)id < (uint)Tokens.Length ? id : throw metadata.Error($"{Prefix}{name} is {id}, but there are {Tokens.Length} tokens");
    }
}
