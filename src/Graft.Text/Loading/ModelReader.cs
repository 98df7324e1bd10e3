using System.Text.Json;
using Graft.Text.Models;

namespace Graft.Text.Loading;

/// <summary>Reads the <c>model</c> of tokenizer.json.</summary>
internal static class ModelReader
{
    private const string Known = "BPE, Unigram, WordLevel, WordPiece";

    /// <summary>The model that <paramref name="fields"/> describes.</summary>
    internal static ITokenModel Read(JsonFields fields)
    {
        string type = fields.OptionalText("type") ?? GuessType(fields);
        return type switch
        {
            "BPE" => ReadBpe(fields),
            "Unigram" => ReadUnigram(fields),
            "WordLevel" => new WordLevelModel(ReadVocabulary(fields), fields.OptionalText("unk_token") ?? "<unk>"),
            "WordPiece" => new WordPieceModel(
                ReadVocabulary(fields), fields.OptionalText("unk_token") ?? "[UNK]", fields.OptionalText("continuing_subword_prefix") ?? "##", fields.OptionalNumber("max_input_chars_per_word") ?? 100),
            _ => throw fields.Error($"unknown model '{type}'; known are {Known}"),
        };
    }

    /// <summary>Early files have no type.</summary>
    private static string GuessType(JsonFields fields)
        => fields.Has("merges") ? "BPE" : fields.Has("unk_id") ? "Unigram" : fields.Has("max_input_chars_per_word") ? "WordPiece" : "WordLevel";

    private static BpeModel ReadBpe(JsonFields fields)
    {
        double dropout = fields.OptionalReal("dropout") ?? 0;
        if (!(dropout is >= 0 and <= 1))
        {
            throw fields.Error($"'dropout' must be from 0 to 1, but is {dropout}");
        }

        var options = new BpeOptions
        {
            UnknownToken = fields.OptionalText("unk_token"),
            ContinuingSubwordPrefix = fields.OptionalText("continuing_subword_prefix") ?? string.Empty,
            EndOfWordSuffix = fields.OptionalText("end_of_word_suffix") ?? string.Empty,
            FuseUnknown = fields.Flag("fuse_unk", false),
            ByteFallback = fields.Flag("byte_fallback", false),
            IgnoreMerges = fields.Flag("ignore_merges", false),
            Dropout = dropout,
        };
        Vocabulary vocabulary = ReadVocabulary(fields);
        if (!fields.Has("merges"))
        {
            throw fields.Error("'merges' is missing; a list was expected");
        }

        var merges = new MergeTableBuilder(vocabulary, options.ContinuingSubwordPrefix);
        int index = 0;
        foreach (JsonElement merge in fields.Elements("merges"))
        {
            (string left, string right) = ReadMerge(fields, merge, index);
            merges.Add(left, right, problem => fields.Error($"merges[{index}]: {problem}"));
            index++;
        }

        return new BpeModel(vocabulary, merges.Table, options);
    }

    private static (string Left, string Right) ReadMerge(JsonFields fields, JsonElement merge, int index)
    {
        string[] parts = merge.ValueKind switch
        {
            JsonValueKind.String => merge.GetString()!.Split(' '),
            JsonValueKind.Array when merge.EnumerateArray().All(part => part.ValueKind == JsonValueKind.String) => merge.EnumerateArray().Select(part => part.GetString()!).ToArray(),
            _ => throw fields.Wrong($"merges[{index}]", "two tokens", merge),
        };
        return parts.Length == 2 ? (parts[0], parts[1]) : throw fields.Error($"merges[{index}] must have two parts, but has {parts.Length}");
    }

    private static UnigramModel ReadUnigram(JsonFields fields)
    {
        var pieces = new List<(string Token, double Score)>();
        foreach (JsonElement piece in fields.Elements("vocab"))
        {
            if (piece.ValueKind != JsonValueKind.Array || piece.GetArrayLength() != 2 || piece[0].ValueKind != JsonValueKind.String || piece[1].ValueKind != JsonValueKind.Number)
            {
                throw fields.Wrong($"vocab[{pieces.Count}]", "a token and its score", piece);
            }

            pieces.Add((piece[0].GetString()!, piece[1].GetDouble()));
        }

        int? unknown = fields.OptionalNumber("unk_id");
        if (pieces.Count == 0 || unknown >= pieces.Count)
        {
            throw fields.Error(pieces.Count == 0 ? "'vocab' is empty" : $"'unk_id' is {unknown}, but 'vocab' has only {pieces.Count} entries");
        }

        return new UnigramModel(pieces, unknown, fields.Flag("byte_fallback", false));
    }

    private static Vocabulary ReadVocabulary(JsonFields fields)
    {
        JsonFields entries = fields.Object("vocab");
        var ids = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (JsonProperty entry in entries.Properties())
        {
            ids[entry.Name] = entries.Id(entry.Value, entry.Name);
        }

        return new Vocabulary(ids);
    }
}
