using System.Globalization;

namespace Graft.Text.Characters;

/// <summary>The named classes of characters that tokenizer components speak of, each as the tokenizers library has it.</summary>
internal static class CharacterClasses
{
    private static readonly Lazy<CharacterSet> LazyWord = new(() => PackedNumbers.ReadSet(CharacterTables.Word));
    private static readonly Lazy<CharacterSet> LazyNumeric = new(() => PackedNumbers.ReadSet(CharacterTables.Numeric));
    private static readonly Lazy<CharacterSet> LazyPunctuation = new(() => PackedNumbers.ReadSet(CharacterTables.Punctuation));
    private static readonly Lazy<CharacterSet> LazyBertControl = new(() => PackedNumbers.ReadSet(CharacterTables.BertControl));
    private static readonly Lazy<CharacterSet> LazyBertAccents = new(() => PackedNumbers.ReadSet(CharacterTables.BertAccents));
    private static readonly Lazy<CharacterSet> LazyMarks = new(() => PackedNumbers.ReadSet(CharacterTables.Marks));
    private static readonly Lazy<CharacterSet> LazyRegexWord = new(() => PackedNumbers.ReadSet(CharacterTables.RegexWord));
    private static readonly Lazy<CharacterSet> LazyAlphabetic = new(() => PackedNumbers.ReadSet(CharacterTables.RegexAlphabetic));
    private static readonly Lazy<CharacterSet> LazyHan = new(() => PackedNumbers.ReadSet(CharacterTables.RegexHan));
    private static readonly Lazy<CharacterSet[]> LazyCategories = new(ReadCategories);

    /// <summary>White space: what WhitespaceSplit cuts at, Strip and lstrip/rstrip swallow and <c>\s</c> matches.</summary>
    internal static CharacterSet WhiteSpace { get; } = new(
        [0x09, 0x0D, 0x20, 0x20, 0x85, 0x85, 0xA0, 0xA0, 0x1680, 0x1680, 0x2000, 0x200A, 0x2028, 0x2029, 0x202F, 0x202F, 0x205F, 0x205F, 0x3000, 0x3000]);

    /// <summary>What the Bert normalizer turns into spaces when it cleans text.</summary>
    internal static CharacterSet BertSpace { get; } = new(
        [0x09, 0x0A, 0x0D, 0x0D, 0x20, 0x20, 0xA0, 0xA0, 0x1680, 0x1680, 0x2000, 0x200A, 0x2028, 0x2029, 0x202F, 0x202F, 0x205F, 0x205F, 0x3000, 0x3000]);

    /// <summary>The ideographs that the Bert normalizer puts between spaces.</summary>
    internal static CharacterSet BertIdeographs { get; } = new(
        [0x3400, 0x4DBF, 0x4E00, 0x9FFF, 0xF900, 0xFAFF, 0x20000, 0x2A6DF, 0x2A700, 0x2B81F, 0x2B920, 0x2CEAF, 0x2F800, 0x2FA1F]);

    /// <summary>What the normalizer Nmt removes.</summary>
    internal static CharacterSet NmtRemoved { get; } = new([0x01, 0x08, 0x0B, 0x0B, 0x0E, 0x1F, 0x7F, 0x7F, 0x8F, 0x8F, 0x9F, 0x9F]);

    /// <summary>What the normalizer Nmt turns into spaces.</summary>
    internal static CharacterSet NmtSpace { get; } = new(
        [0x09, 0x0A, 0x0C, 0x0D, 0x20, 0x20, 0x1680, 0x1680, 0x200B, 0x200F, 0x2028, 0x2029, 0x2581, 0x2581, 0xFEFF, 0xFEFF, 0xFFFD, 0xFFFD]);

    /// <summary>Word characters of the pre-tokenizer Whitespace and of single_word tokens.</summary>
    internal static CharacterSet Word => LazyWord.Value;

    /// <summary>What Digits cuts out: every numeric category.</summary>
    internal static CharacterSet Numeric => LazyNumeric.Value;

    /// <summary>What Punctuation and the Bert pre-tokenizer cut out.</summary>
    internal static CharacterSet Punctuation => LazyPunctuation.Value;

    /// <summary>What clean_text of the Bert normalizer removes.</summary>
    internal static CharacterSet BertControl => LazyBertControl.Value;

    /// <summary>What strip_accents of the Bert normalizer removes.</summary>
    internal static CharacterSet BertAccents => LazyBertAccents.Value;

    /// <summary>What the normalizer StripAccents removes.</summary>
    internal static CharacterSet Marks => LazyMarks.Value;

    /// <summary><c>\w</c> in a bracket class: unlike a bare one without ¹ ² ³ ¼ ½ ¾, a quirk of Oniguruma.</summary>
    internal static CharacterSet RegexClassWord { get; } = RegexWord.Intersect(CharacterSet.Of([0xB2, 0xB3, 0xB9, 0xBC, 0xBD, 0xBE]).Complement());

    /// <summary><c>\w</c> in a pattern.</summary>
    internal static CharacterSet RegexWord => LazyRegexWord.Value;

    /// <summary>Alphabetic characters in a pattern.</summary>
    internal static CharacterSet Alphabetic => LazyAlphabetic.Value;

    /// <summary>The script Han in a pattern.</summary>
    internal static CharacterSet Han => LazyHan.Value;

    /// <summary>Characters of a general category (Unicode 16).</summary>
    internal static CharacterSet Category(UnicodeCategory category) => LazyCategories.Value[(int)category];

    private static CharacterSet[] ReadCategories()
    {
        var ranges = new List<int>[30];
        for (int i = 0; i < ranges.Length; i++)
        {
            ranges[i] = [];
        }

        var numbers = new PackedNumbers(CharacterTables.GeneralCategories);
        int start = 0;
        while (numbers.HasMore)
        {
            int length = numbers.Next();
            ranges[numbers.Next()].AddRange([start, start + length - 1]);
            start += length;
        }

        return Array.ConvertAll(ranges, list => new CharacterSet(list.ToArray()));
    }
}
