using System.Globalization;
using System.Text.Json;

namespace Graft.Conformance.Runners;

/// <summary>Kind <c>character-tables</c>: which code points each component treats how.</summary>
public sealed class CharacterTablesRunner : ICaseRunner
{
    private static readonly Dictionary<string, Func<HashSet<int>>> s_probes = new(StringComparer.Ordinal)
    {
        ["WhitespaceSplit.whitespace"] = () => CharacterProbe.RemovedBy("""{ "type": "WhitespaceSplit" }"""),
        ["Punctuation.punctuation"] = () => CharacterProbe.RemovedBy("""{ "type": "Punctuation", "behavior": "Removed" }"""),
        ["Digits.numeric"] = () => CharacterProbe.IsolatedBy("""{ "type": "Digits", "individual_digits": true }"""),
        ["BertPreTokenizer.whitespace"] = () => CharacterProbe.RemovedBy("""{ "type": "BertPreTokenizer" }"""),
        ["BertPreTokenizer.punctuation"] = () => CharacterProbe.IsolatedBy("""{ "type": "BertPreTokenizer" }"""),
        ["BertNormalizer.clean_text.removed"] = () => Becoming(Bert("clean_text"), static (_, text) => text.Length == 0),
        ["BertNormalizer.clean_text.space"] = () => Becoming(Bert("clean_text"), static (_, text) => text == " "),
        ["BertNormalizer.chinese"] = () => Becoming(Bert("handle_chinese_chars"), static (self, text) => text == $" {self} "),
        ["BertNormalizer.strip_accents.removed"] = () => Becoming(Bert("strip_accents"), static (_, text) => text.Length == 0),
        ["StripAccents.removed"] = () => Becoming("""{ "type": "StripAccents" }""", static (_, text) => text.Length == 0),
        ["Nmt.removed"] = () => Becoming("""{ "type": "Nmt" }""", static (_, text) => text.Length == 0),
        ["Nmt.space"] = () => Becoming("""{ "type": "Nmt" }""", static (_, text) => text == " "),
        ["single_word.word"] = CharacterProbe.HidingSingleWord,
        ["strip.whitespace"] = CharacterProbe.Swallowed,
    };

    /// <inheritdoc/>
    public string Kind => "character-tables";

    /// <inheritdoc/>
    public void Run(ConformanceCase @case, Check check)
    {
        using JsonDocument tables = JsonDocument.Parse(File.ReadAllBytes(@case.PathOf("tables")));
        foreach (JsonProperty table in tables.RootElement.GetProperty("ranges").EnumerateObject())
        {
            CheckRanges(table.Name, Members(table.Value));
        }

        CheckLowercase(tables.RootElement.GetProperty("maps").GetProperty("lowercase"));
        CheckScripts(tables.RootElement.GetProperty("scripts"));
    }

    private static void CheckRanges(string name, HashSet<int> expected)
    {
        if (name.StartsWith("NF", StringComparison.Ordinal))
        {
            // These normal forms are older than Unicode 14: they leave alone what it changes.
            string form = name[..name.IndexOf('.', StringComparison.Ordinal)];
            IReadOnlyDictionary<int, string> texts = CharacterProbe.Normalized($$"""{ "type": "{{form}}" }""");
            Same(name, expected, [.. expected.Where(value => texts[value] == char.ConvertFromUtf32(value))]);
            return;
        }

        HashSet<int> actual = name.StartsWith("regex.", StringComparison.Ordinal)
            ? CharacterProbe.RemovedBy($$"""{ "type": "Split", "pattern": { "Regex": {{JsonSerializer.Serialize(name["regex.".Length..])}} }, "behavior": "Removed", "invert": false }""")
            : s_probes.TryGetValue(name, out Func<HashSet<int>>? probe) ? probe()
            : throw new NotYetException($"table {name}");
        Same(name, expected, actual);
    }

    private static void CheckLowercase(JsonElement map)
    {
        Dictionary<int, string> expected = map.EnumerateArray().ToDictionary(entry => entry[0].GetInt32(), entry => entry[1].GetString()!);
        IReadOnlyDictionary<int, string> actual = CharacterProbe.Normalized("""{ "type": "Lowercase" }""");
        foreach ((int value, string text) in actual)
        {
            Check.Equal($"lower case of U+{value:X4}", expected.GetValueOrDefault(value, char.ConvertFromUtf32(value)), text);
        }
    }

    /// <summary>No cut beside a member of the same class, a cut beside one of another; the first class never cuts.</summary>
    private static void CheckScripts(JsonElement scripts)
    {
        int[][] classes = [.. scripts.EnumerateArray().Select(ranges => Members(ranges).Order().ToArray())];
        for (int i = 0; i < classes.Length; i++)
        {
            int same = classes[i][0];
            int other = classes[i == 1 ? 2 : 1][0];
            foreach ((int neighbour, bool cut) in new[] { (same, false), (other, i != 0) })
            {
                bool[] cuts = CharacterProbe.Cuts([.. classes[i].Select(member => (neighbour, member))]);
                Same($"scripts[{i}] beside U+{neighbour:X4}", [.. classes[i]], [.. classes[i].Where((_, place) => cuts[place] == cut)]);
            }
        }
    }

    private static HashSet<int> Becoming(string normalizer, Func<string, string, bool> wanted)
        => [.. CharacterProbe.Normalized(normalizer).Where(entry => wanted(char.ConvertFromUtf32(entry.Key), entry.Value)).Select(entry => entry.Key)];

    private static string Bert(string option)
    {
        string Flag(string name) => name == option ? "true" : "false";
        return $$"""{ "type": "BertNormalizer", "clean_text": {{Flag("clean_text")}}, "handle_chinese_chars": {{Flag("handle_chinese_chars")}}, "strip_accents": {{Flag("strip_accents")}}, "lowercase": false }""";
    }

    private static HashSet<int> Members(JsonElement ranges)
    {
        HashSet<int> asked = [.. CharacterProbe.CodePoints];
        return [.. ranges.EnumerateArray().SelectMany(range => Enumerable.Range(range[0].GetInt32(), range[1].GetInt32() - range[0].GetInt32() + 1)).Where(asked.Contains)];
    }

    private static void Same(string name, HashSet<int> expected, HashSet<int> actual)
    {
        int[] missing = [.. expected.Except(actual).Order()];
        int[] extra = [.. actual.Except(expected).Order()];
        if (missing.Length + extra.Length > 0)
        {
            throw new MismatchException($"{name}: {missing.Length} code points are missing ({List(missing)}), {extra.Length} are too many ({List(extra)})");
        }
    }

    private static string List(int[] values) => string.Join(' ', values.Take(5).Select(value => value.ToString("X4", CultureInfo.InvariantCulture)));
}
