using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Graft.Text.Tests;

/// <summary>Tokenizers small enough to write down, as tokenizer.json.</summary>
internal static class SmallTokenizers
{
    /// <summary>A tokenizer whose tokens are the given ones with ids in order, unknown pieces being token 0.</summary>
    internal static Tokenizer WordLevel(string[] vocabulary, string? normalizer = null, string? preTokenizer = null, string? postProcessor = null, string? addedTokens = null)
    {
        var model = new JsonObject { ["type"] = "WordLevel", ["unk_token"] = vocabulary[0], ["vocab"] = Ids(vocabulary) };
        return Build(model, normalizer, preTokenizer, postProcessor, null, addedTokens);
    }

    /// <summary>A BPE tokenizer; merges are written "left right".</summary>
    internal static Tokenizer Bpe(string[] vocabulary, string[] merges, string options = "{}", string? normalizer = null, string? preTokenizer = null, string? decoder = null)
    {
        JsonObject model = JsonNode.Parse(options)!.AsObject();
        model["type"] = "BPE";
        model["vocab"] = Ids(vocabulary);
        model["merges"] = new JsonArray(merges.Select(merge => (JsonNode)merge).ToArray());
        return Build(model, normalizer, preTokenizer, null, decoder, null);
    }

    /// <summary>A tokenizer from its parts.</summary>
    internal static Tokenizer Build(JsonObject model, string? normalizer, string? preTokenizer, string? postProcessor, string? decoder, string? addedTokens)
    {
        var root = new JsonObject
        {
            ["version"] = "1.0",
            ["added_tokens"] = JsonNode.Parse(addedTokens ?? "[]"),
            ["normalizer"] = Part(normalizer),
            ["pre_tokenizer"] = Part(preTokenizer),
            ["post_processor"] = Part(postProcessor),
            ["decoder"] = Part(decoder),
            ["model"] = model,
        };
        return Tokenizer.Parse(System.Text.Encoding.UTF8.GetBytes(root.ToJsonString()));
    }

    /// <summary>What each token covers of the text.</summary>
    internal static string[] Pieces(Tokenizer tokenizer, string text)
    {
        int[] codes = text.EnumerateRunes().Select(rune => rune.Value).ToArray();
        return tokenizer.Encode(text).Offsets
            .Select(offset => string.Concat(codes[offset.Start..offset.End].Select(code => new Rune(code).ToString()))).ToArray();
    }

    /// <summary>The pieces that a pre-tokenizer cuts a text into.</summary>
    internal static string[] PreTokenize(string preTokenizer, string text) => Pieces(WordLevel(["<unk>"], preTokenizer: preTokenizer), text);

    /// <summary>A Split pre-tokenizer with a regular expression.</summary>
    internal static string Split(string regex, string behavior = "Isolated", bool invert = false)
        => new JsonObject { ["type"] = "Split", ["pattern"] = new JsonObject { ["Regex"] = regex }, ["behavior"] = behavior, ["invert"] = invert }.ToJsonString();

    private static JsonObject Ids(string[] vocabulary)
        => new(vocabulary.Select((token, id) => KeyValuePair.Create(token, (JsonNode?)id)));

    private static JsonNode? Part(string? json) => json is null ? null : JsonNode.Parse(json);
}
