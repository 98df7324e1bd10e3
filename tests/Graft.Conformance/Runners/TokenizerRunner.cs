using System.Text.Json;
using Graft.Text;

namespace Graft.Conformance.Runners;

/// <summary>Kind <c>tokenizer</c>: encoding, decoding, truncation and padding, row by row.</summary>
public sealed class TokenizerRunner : ICaseRunner
{
    /// <inheritdoc/>
    public string Kind => "tokenizer";

    /// <inheritdoc/>
    public void Run(ConformanceCase @case, Check check)
    {
        Tokenizer tokenizer = Tokenizer.Load(@case.PathOf("tokenizer"));
        CheckVocabulary(@case.Root, tokenizer);
        bool dropsEmptyPairs = @case.Root.TryGetProperty("loader", out JsonElement loader) && loader.GetString() == "transformers";
        bool decoding = !@case.Root.TryGetProperty("decoding", out JsonElement flag) || flag.GetBoolean();
        int number = 0;
        int wrong = 0;
        string first = string.Empty;
        foreach (string line in File.ReadLines(@case.PathOf("cases")))
        {
            number++;
            using JsonDocument row = JsonDocument.Parse(line);
            try
            {
                RunRow(row.RootElement, tokenizer, decoding, dropsEmptyPairs);
            }
            catch (MismatchException e)
            {
                first = wrong++ == 0 ? $"row {number}: {e.Message} | {(line.Length <= 200 ? line : line[..200] + "...")}" : first;
            }
        }

        if (wrong > 0)
        {
            throw new MismatchException($"{wrong} of {number} rows differ; {first}");
        }
    }

    private static void CheckVocabulary(JsonElement root, Tokenizer tokenizer)
    {
        if (root.TryGetProperty("vocabulary", out JsonElement size))
        {
            Check.Equal("vocabulary", size.GetInt32(), tokenizer.VocabularySize);
        }

        if (root.TryGetProperty("special_tokens", out JsonElement special))
        {
            foreach (JsonProperty entry in special.EnumerateObject())
            {
                Check.Equal($"special_tokens.{entry.Name}", entry.Value[0].GetString(), tokenizer.SpecialTokens.GetValueOrDefault(entry.Name));
                Check.Equal($"special_tokens.{entry.Name} id", entry.Value[1].GetInt32(), tokenizer.TokenToId(entry.Value[0].GetString()!));
            }
        }
    }

    private static void RunRow(JsonElement row, Tokenizer tokenizer, bool decoding, bool dropsEmptyPairs)
    {
        if (row.TryGetProperty("batch", out JsonElement batch))
        {
            RunPadding(row, batch, tokenizer);
        }
        else if (!row.TryGetProperty("text", out JsonElement text))
        {
            RunDecoding(row, tokenizer);
        }
        else
        {
            RunEncoding(row, text.GetString()!, tokenizer, decoding, dropsEmptyPairs);
        }
    }

    private static void RunDecoding(JsonElement row, Tokenizer tokenizer)
    {
        int[] ids = Numbers(row.GetProperty("ids"));
        string withSpecial = tokenizer.Decode(ids, skipSpecialTokens: false);
        string without = tokenizer.Decode(ids, skipSpecialTokens: true);
        JsonElement decoded = row.GetProperty("decoded");
        if (decoded.ValueKind == JsonValueKind.String)
        {
            Check.Equal("decoded", decoded.GetString(), withSpecial);
        }

        JsonElement skipping = row.TryGetProperty("decoded_skip_special", out JsonElement value) ? value : decoded;
        if (skipping.ValueKind == JsonValueKind.String)
        {
            Check.Equal("decoded_skip_special", skipping.GetString(), without);
        }
    }

    private static void RunEncoding(JsonElement row, string text, Tokenizer tokenizer, bool decoding, bool dropsEmptyPairs)
    {
        string? pair = row.TryGetProperty("pair", out JsonElement second) ? second.GetString() : null;
        if (dropsEmptyPairs && pair?.Length == 0)
        {
            // transformers takes an empty second text for none.
            pair = null;
        }

        bool addSpecialTokens = !row.TryGetProperty("add_special_tokens", out JsonElement add) || add.GetBoolean();
        Truncation? truncation = row.TryGetProperty("truncation", out JsonElement options) ? ReadTruncation(options) : null;
        if (row.TryGetProperty("error", out _))
        {
            Check.Refuses("encoding", [], () => tokenizer.Encode(text, pair, addSpecialTokens, truncation));
            return;
        }

        Encoding encoding = tokenizer.Encode(text, pair, addSpecialTokens, truncation);
        CheckEncoding(row, encoding, string.Empty);
        if (truncation is not null || !decoding)
        {
            return;
        }

        string? decoded = row.TryGetProperty("decoded", out JsonElement given) ? given.GetString() : text;
        string? skipping = row.TryGetProperty("decoded_skip_special", out JsonElement skipped) ? skipped.GetString() : decoded;
        if (decoded is not null)
        {
            Check.Equal("decoded", decoded, tokenizer.Decode(encoding.Ids, skipSpecialTokens: false));
        }

        if (skipping is not null)
        {
            Check.Equal("decoded_skip_special", skipping, tokenizer.Decode(encoding.Ids, skipSpecialTokens: true));
        }
    }

    private static void RunPadding(JsonElement row, JsonElement batch, Tokenizer tokenizer)
    {
        JsonElement options = row.GetProperty("padding");
        var padding = new Padding(
            options.GetProperty("pad_id").GetInt32(),
            OptionalNumber(options, "length"),
            OptionalNumber(options, "pad_to_multiple_of"),
            OptionalNumber(options, "pad_type_id") ?? 0,
            Direction(options));
        Encoding[] encodings = padding.Apply(batch.EnumerateArray().Select(text => tokenizer.Encode(text.GetString()!)).ToArray());
        JsonElement[] expected = row.GetProperty("encodings").EnumerateArray().ToArray();
        Check.Equal("encodings", expected.Length, encodings.Length);
        for (int i = 0; i < expected.Length; i++)
        {
            CheckEncoding(expected[i], encodings[i], $"encodings[{i}].");
        }
    }

    private static void CheckEncoding(JsonElement expected, Encoding actual, string where)
    {
        Check.Equal<int>(where + "ids", Numbers(expected.GetProperty("ids")), actual.Ids);
        if (expected.TryGetProperty("offsets", out JsonElement offsets))
        {
            Check.Equal<int>(where + "offsets", Numbers(offsets), actual.Offsets.SelectMany(offset => new[] { offset.Start, offset.End }).ToArray());
        }

        Check.Equal<int>(where + "type_ids", expected.TryGetProperty("type_ids", out JsonElement types) ? Numbers(types) : new int[actual.Length], actual.TypeIds);
        if (expected.TryGetProperty("special_tokens_mask", out JsonElement mask))
        {
            Check.Equal<int>(where + "special_tokens_mask", Numbers(mask), actual.SpecialTokensMask);
        }

        if (expected.TryGetProperty("attention_mask", out JsonElement attention))
        {
            Check.Equal<int>(where + "attention_mask", Numbers(attention), actual.AttentionMask);
        }

        if (expected.TryGetProperty("overflowing", out JsonElement overflowing))
        {
            JsonElement[] windows = overflowing.EnumerateArray().ToArray();
            Check.Equal(where + "overflowing", windows.Length, actual.Overflowing.Count);
            for (int i = 0; i < windows.Length; i++)
            {
                CheckEncoding(windows[i], actual.Overflowing[i], $"{where}overflowing[{i}].");
            }
        }
    }

    private static Truncation ReadTruncation(JsonElement options) => new(
        options.GetProperty("max_length").GetInt32(),
        OptionalNumber(options, "stride") ?? 0,
        options.TryGetProperty("strategy", out JsonElement strategy) ? strategy.GetString() switch
        {
            "only_first" => TruncationStrategy.OnlyFirst,
            "only_second" => TruncationStrategy.OnlySecond,
            "longest_first" => TruncationStrategy.LongestFirst,
            var other => throw new NotYetException($"truncation strategy '{other}'"),
        }
        : TruncationStrategy.LongestFirst,
        Direction(options));

    private static TokenDirection Direction(JsonElement options)
        => options.TryGetProperty("direction", out JsonElement direction) && direction.GetString() == "left" ? TokenDirection.Left : TokenDirection.Right;

    private static int? OptionalNumber(JsonElement options, string name)
        => options.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.Number ? value.GetInt32() : null;

    private static int[] Numbers(JsonElement list) => list.EnumerateArray().Select(value => value.GetInt32()).ToArray();
}
