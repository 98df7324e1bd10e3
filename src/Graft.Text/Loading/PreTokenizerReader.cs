using Graft.Text.Characters;
using Graft.Text.Patterns;
using Graft.Text.PreTokenizers;

namespace Graft.Text.Loading;

/// <summary>Reads the <c>pre_tokenizer</c> of tokenizer.json.</summary>
internal static class PreTokenizerReader
{
    private const string Known
        = "BertPreTokenizer, ByteLevel, CharDelimiterSplit, Digits, FixedLength, Metaspace, Punctuation, Sequence, Split, UnicodeScripts, Whitespace, WhitespaceSplit";

    /// <summary>The pre-tokenizer that <paramref name="fields"/> describes.</summary>
    internal static IPreTokenizer Read(JsonFields fields)
    {
        string type = fields.Text("type");
        return type switch
        {
            "Sequence" => new SequencePreTokenizer(fields.Objects("pretokenizers").Select(Read).ToArray()),
            "BertPreTokenizer" => new BertPreTokenizer(),
            "ByteLevel" => new ByteLevelPreTokenizer(fields.Flag("add_prefix_space", true), fields.Flag("use_regex", true)),
            "CharDelimiterSplit" => new SplitPreTokenizer(new LiteralPattern(fields.Character("delimiter").ToString()), SplitBehavior.Removed),
            "Digits" => new SplitPreTokenizer(
                new CharacterPattern(CharacterClasses.Numeric), fields.Flag("individual_digits", false) ? SplitBehavior.Isolated : SplitBehavior.Contiguous),
            "FixedLength" => new FixedLengthPreTokenizer(fields.OptionalNumber("length") is { } length ? Math.Max(1, length) : 5),
            "Metaspace" => ReadMetaspace(fields),
            "Punctuation" => new SplitPreTokenizer(new CharacterPattern(CharacterClasses.Punctuation), ReadBehavior(fields, SplitBehavior.Isolated)),
            "Split" => new SplitPreTokenizer(PatternReader.Read(fields), ReadBehavior(fields, null), fields.Flag("invert", false)),
            "UnicodeScripts" => new UnicodeScriptsPreTokenizer(),
            "Whitespace" => new SplitPreTokenizer(new WordPattern(), SplitBehavior.Removed, invert: true),
            "WhitespaceSplit" => new SplitPreTokenizer(new CharacterPattern(CharacterClasses.WhiteSpace), SplitBehavior.Removed),
            _ => throw fields.Error($"unknown pre-tokenizer '{type}'; known are {Known}"),
        };
    }

    /// <summary>The scheme of a Metaspace component; older files have <c>add_prefix_space</c> instead.</summary>
    internal static PrependScheme ReadScheme(JsonFields fields)
    {
        string scheme = fields.OptionalText("prepend_scheme") ?? (fields.Flag("add_prefix_space", true) ? "always" : "never");
        return scheme switch
        {
            "always" => PrependScheme.Always,
            "first" => PrependScheme.First,
            "never" => PrependScheme.Never,
            _ => throw fields.Error($"unknown prepend_scheme '{scheme}'; known are always, first, never"),
        };
    }

    private static MetaspacePreTokenizer ReadMetaspace(JsonFields fields)
        => new(fields.Character("replacement"), ReadScheme(fields), fields.Flag("split", true));

    private static SplitBehavior ReadBehavior(JsonFields fields, SplitBehavior? otherwise)
    {
        string? name = fields.OptionalText("behavior");
        if (name is null)
        {
            return otherwise ?? throw fields.Error("'behavior' is missing");
        }

        return name switch
        {
            "Removed" => SplitBehavior.Removed,
            "Isolated" => SplitBehavior.Isolated,
            "MergedWithPrevious" => SplitBehavior.MergedWithPrevious,
            "MergedWithNext" => SplitBehavior.MergedWithNext,
            "Contiguous" => SplitBehavior.Contiguous,
            _ => throw fields.Error($"unknown behavior '{name}'; known are Removed, Isolated, MergedWithPrevious, MergedWithNext, Contiguous"),
        };
    }
}
