using System.Text.Json;
using Graft.Text.AddedTokens;
using Graft.Text.Models;
using Graft.Text.Normalizers;

namespace Graft.Text.Loading;

/// <summary>Reads a tokenizer.json.</summary>
internal static class TokenizerJson
{
    private const string Version = "1.0";

    /// <summary>The components that the file's content describes.</summary>
    /// <exception cref="InvalidDataException">The content is malformed or names something unknown; the message says what and where.</exception>
    internal static TokenizerParts Read(ReadOnlyMemory<byte> content, string file) => JsonFields.Read(content, file, Read);

    private static TokenizerParts Read(JsonFields root)
    {
        string version = root.OptionalText("version") ?? Version;
        if (version != Version)
        {
            throw root.Error($"unknown tokenizer version '{version}'; only '{Version}' is known");
        }

        INormalizer? normalizer = root.OptionalObject("normalizer") is { } normalizerFields ? NormalizerReader.Read(normalizerFields) : null;
        ITokenModel model = ModelReader.Read(root.Object("model"));
        var added = new AddedVocabulary(root.Objects("added_tokens").Select(ReadAddedToken), model.Vocabulary, normalizer);
        return new TokenizerParts
        {
            Normalizer = normalizer,
            PreTokenizer = root.OptionalObject("pre_tokenizer") is { } preTokenizer ? PreTokenizerReader.Read(preTokenizer) : null,
            Model = model,
            Added = added,
            PostProcessor = root.OptionalObject("post_processor") is { } postProcessor
                ? PostProcessorReader.Read(postProcessor, id => TokenizerParts.TokenOf(id, model, added))
                : null,
            Decoder = root.OptionalObject("decoder") is { } decoder ? DecoderReader.Read(decoder) : null,
            Truncation = root.OptionalObject("truncation") is { } truncation ? ReadTruncation(truncation) : null,
            Padding = root.OptionalObject("padding") is { } padding ? ReadPadding(padding) : null,
        };
    }

    /// <summary>An added token; without an id where the file keys it by id.</summary>
    internal static AddedToken ReadAddedToken(JsonFields fields)
    {
        fields.OptionalNumber("id");
        bool special = fields.Flag("special", false);
        return new AddedToken(
            fields.Text("content"), fields.Flag("single_word", false), fields.Flag("lstrip", false), fields.Flag("rstrip", false), fields.Flag("normalized", !special), special);
    }

    private static Truncation ReadTruncation(JsonFields fields)
        => new(fields.Number("max_length"), fields.OptionalNumber("stride") ?? 0, ReadStrategy(fields), ReadDirection(fields));

    private static TruncationStrategy ReadStrategy(JsonFields fields)
    {
        string strategy = fields.OptionalText("strategy") ?? "LongestFirst";
        return strategy switch
        {
            "LongestFirst" => TruncationStrategy.LongestFirst,
            "OnlyFirst" => TruncationStrategy.OnlyFirst,
            "OnlySecond" => TruncationStrategy.OnlySecond,
            _ => throw fields.Error($"unknown strategy '{strategy}'; known are LongestFirst, OnlyFirst, OnlySecond"),
        };
    }

    private static Padding ReadPadding(JsonFields fields)
    {
        bool isFixed = fields.TryGet("strategy", out JsonElement strategy) && strategy.ValueKind == JsonValueKind.Object;
        return new Padding(
            fields.OptionalNumber("pad_id") ?? 0,
            isFixed ? fields.Object("strategy").Number("Fixed") : null,
            fields.OptionalNumber("pad_to_multiple_of"),
            fields.OptionalNumber("pad_type_id") ?? 0,
            ReadDirection(fields));
    }

    private static TokenDirection ReadDirection(JsonFields fields)
    {
        string direction = fields.OptionalText("direction") ?? "Right";
        return direction switch
        {
            "Right" => TokenDirection.Right,
            "Left" => TokenDirection.Left,
            _ => throw fields.Error($"unknown direction '{direction}'; known are Right, Left"),
        };
    }
}
