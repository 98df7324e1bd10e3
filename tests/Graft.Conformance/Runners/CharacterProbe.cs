using System.Text;
using System.Text.Json.Nodes;
using Graft.Text;

namespace Graft.Conformance.Runners;

/// <summary>Asks a component of tokenizer.json about code points, through whole tokenizers: text in, tokens and offsets out.</summary>
internal static class CharacterProbe
{
    private const string WordModel = """{ "type": "WordLevel", "vocab": { "?": 0 }, "unk_token": "?" }""";

    /// <summary>All code points but surrogates, as far as any are assigned, and the private ones of the first of the last planes.</summary>
    public static IReadOnlyList<int> CodePoints { get; } =
        [.. Enumerable.Range(0, 0x40000).Where(value => value is < 0xD800 or > 0xDFFF), .. Enumerable.Range(0xE0000, 0x1000), .. Enumerable.Range(0xF0000, 0x100), .. Enumerable.Range(0x10FF00, 0x100)];

    /// <summary>The code points that no token covers: those that a pre-tokenizer removes.</summary>
    public static HashSet<int> RemovedBy(string preTokenizer)
    {
        var covered = new bool[CodePoints.Count];
        foreach ((int start, int end) in Load(preTokenizer: preTokenizer).Encode(Joined(string.Empty)).Offsets)
        {
            Array.Fill(covered, true, start, end - start);
        }

        return Where((_, place) => !covered[place]);
    }

    /// <summary>The code points that a pre-tokenizer makes tokens of their own among letters.</summary>
    public static HashSet<int> IsolatedBy(string preTokenizer)
    {
        var alone = new HashSet<int>();
        foreach ((int start, int end) in Load(preTokenizer: preTokenizer).Encode(Joined("a")).Offsets)
        {
            if (end == start + 1 && start % 2 == 1)
            {
                alone.Add(start / 2);
            }
        }

        return Where((_, place) => alone.Contains(place));
    }

    /// <summary>What a normalizer makes of each code point, between line ends.</summary>
    public static IReadOnlyDictionary<int, string> Normalized(string normalizer)
    {
        var bytes = new List<byte>[CodePoints.Count];
        Tokenizer tokenizer = Load(normalizer: normalizer, model: ByteModel());
        Text.Encoding encoding = tokenizer.Encode(Joined("\n"));
        for (int i = 0; i < encoding.Length; i++)
        {
            (int start, int end) = encoding.Offsets[i];
            if (end == start + 1 && start % 2 == 1)
            {
                (bytes[start / 2] ??= []).Add((byte)encoding.Ids[i]);
            }
        }

        var texts = new Dictionary<int, string>(CodePoints.Count);
        for (int place = 0; place < CodePoints.Count; place++)
        {
            texts[CodePoints[place]] = bytes[place] is { } found ? System.Text.Encoding.UTF8.GetString([.. found]) : string.Empty;
        }

        return texts;
    }

    /// <summary>The code points after which a token that must stand alone is not found.</summary>
    public static HashSet<int> HidingSingleWord()
    {
        var found = new HashSet<int>();
        Text.Encoding encoding = WithToken("\"single_word\": true").Encode(Joined(string.Empty, "@@ "));
        for (int i = 0; i < encoding.Length; i++)
        {
            if (encoding.Ids[i] == 1)
            {
                found.Add(encoding.Offsets[i].Start / 4);
            }
        }

        return Where((_, place) => !found.Contains(place));
    }

    /// <summary>The code points that a token swallows on its left.</summary>
    public static HashSet<int> Swallowed()
    {
        var found = new HashSet<int>();
        Text.Encoding encoding = WithToken("\"lstrip\": true").Encode(Joined("b", "@@"));
        for (int i = 0; i < encoding.Length; i++)
        {
            if (encoding.Ids[i] == 1 && encoding.Offsets[i].End - encoding.Offsets[i].Start == 3)
            {
                found.Add(encoding.Offsets[i].Start / 4);
            }
        }

        return Where((_, place) => found.Contains(place));
    }

    /// <summary>Whether <c>UnicodeScripts</c> cuts between the two code points of each pair.</summary>
    public static bool[] Cuts(IReadOnlyList<(int First, int Second)> pairs)
    {
        var text = new StringBuilder();
        foreach ((int first, int second) in pairs)
        {
            text.Append(char.ConvertFromUtf32(first)).Append(char.ConvertFromUtf32(second));
        }

        var cuts = new bool[pairs.Count];
        foreach ((int start, _) in Load(preTokenizer: """{ "type": "UnicodeScripts" }""").Encode(text.ToString()).Offsets)
        {
            if (start % 2 == 1)
            {
                cuts[start / 2] = true;
            }
        }

        return cuts;
    }

    private static HashSet<int> Where(Func<int, int, bool> wanted) => [.. CodePoints.Where(wanted)];

    private static string Joined(string before, string after = "")
    {
        var text = new StringBuilder();
        foreach (int value in CodePoints)
        {
            text.Append(before).Append(char.ConvertFromUtf32(value)).Append(after);
        }

        return text.ToString();
    }

    private static Tokenizer WithToken(string option)
        => Load(added: $$"""[{ "id": 1, "content": "@@", "special": true, "normalized": false, {{option}} }]""", preTokenizer: """{ "type": "FixedLength", "length": 1 }""");

    private static string ByteModel()
    {
        var vocabulary = new JsonObject();
        for (int i = 0; i < 256; i++)
        {
            vocabulary[$"<0x{i:X2}>"] = i;
        }

        return new JsonObject { ["type"] = "BPE", ["vocab"] = vocabulary, ["merges"] = new JsonArray(), ["byte_fallback"] = true }.ToJsonString();
    }

    private static Tokenizer Load(string normalizer = "null", string preTokenizer = "null", string model = WordModel, string added = "[]")
        => Tokenizer.Parse(System.Text.Encoding.UTF8.GetBytes(
            $$"""{ "version": "1.0", "added_tokens": {{added}}, "normalizer": {{normalizer}}, "pre_tokenizer": {{preTokenizer}}, "post_processor": null, "decoder": null, "model": {{model}} }"""));
}
