using System.Globalization;
using Graft.Text.Characters;

namespace Graft.Text.Patterns;

/// <summary>The named sets of patterns: <c>\p{...}</c> and <c>[:...:]</c>.</summary>
internal static class PatternProperties
{
    /// <summary>POSIX class names, for error messages.</summary>
    internal const string PosixNames = "alnum, alpha, ascii, blank, cntrl, digit, graph, lower, print, punct, space, upper, word, xdigit";

    private static readonly Dictionary<string, string[]> LongCategoryNames = new(StringComparer.Ordinal)
    {
        ["letter"] = ["L"],
        ["casedletter"] = ["Lu", "Ll", "Lt"],
        ["lc"] = ["Lu", "Ll", "Lt"],
        ["uppercaseletter"] = ["Lu"],
        ["lowercaseletter"] = ["Ll"],
        ["titlecaseletter"] = ["Lt"],
        ["modifierletter"] = ["Lm"],
        ["otherletter"] = ["Lo"],
        ["mark"] = ["M"],
        ["combiningmark"] = ["M"],
        ["nonspacingmark"] = ["Mn"],
        ["spacingmark"] = ["Mc"],
        ["enclosingmark"] = ["Me"],
        ["number"] = ["N"],
        ["decimalnumber"] = ["Nd"],
        ["letternumber"] = ["Nl"],
        ["othernumber"] = ["No"],
        ["punctuation"] = ["P"],
        ["connectorpunctuation"] = ["Pc"],
        ["dashpunctuation"] = ["Pd"],
        ["openpunctuation"] = ["Ps"],
        ["closepunctuation"] = ["Pe"],
        ["initialpunctuation"] = ["Pi"],
        ["finalpunctuation"] = ["Pf"],
        ["otherpunctuation"] = ["Po"],
        ["symbol"] = ["S"],
        ["mathsymbol"] = ["Sm"],
        ["currencysymbol"] = ["Sc"],
        ["modifiersymbol"] = ["Sk"],
        ["othersymbol"] = ["So"],
        ["separator"] = ["Z"],
        ["spaceseparator"] = ["Zs"],
        ["lineseparator"] = ["Zl"],
        ["paragraphseparator"] = ["Zp"],
        ["other"] = ["C"],
        ["control"] = ["Cc"],
        ["format"] = ["Cf"],
        ["surrogate"] = ["Cs"],
        ["privateuse"] = ["Co"],
        ["unassigned"] = ["Cn"],
    };

    /// <summary>Two-letter names in the order of <see cref="UnicodeCategory"/>.</summary>
    private static readonly string[] CategoryNames =
    [
        "Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc", "Me", "Nd", "Nl", "No", "Zs", "Zl", "Zp", "Cc", "Cf", "Cs", "Co",
        "Pc", "Pd", "Ps", "Pe", "Pi", "Pf", "Po", "Sm", "Sc", "Sk", "So", "Cn",
    ];

    /// <summary>Lower case letters that are not of category Ll.</summary>
    private static readonly CharacterSet OtherLowercase = new(
    [
        0xAA, 0xAA, 0xBA, 0xBA, 0x2B0, 0x2B8, 0x2C0, 0x2C1, 0x2E0, 0x2E4, 0x345, 0x345, 0x37A, 0x37A, 0x10FC, 0x10FC, 0x1D2C, 0x1D6A, 0x1D78, 0x1D78,
        0x1D9B, 0x1DBF, 0x2071, 0x2071, 0x207F, 0x207F, 0x2090, 0x209C, 0x2170, 0x217F, 0x24D0, 0x24E9, 0x2C7C, 0x2C7D, 0xA69C, 0xA69D, 0xA770, 0xA770,
        0xA7F2, 0xA7F4, 0xA7F8, 0xA7F9, 0xAB5C, 0xAB5F, 0xAB69, 0xAB69, 0x10780, 0x10780, 0x10783, 0x10785, 0x10787, 0x107B0, 0x107B2, 0x107BA, 0x1E030, 0x1E06D,
    ]);

    /// <summary>Upper case letters that are not of category Lu.</summary>
    private static readonly CharacterSet OtherUppercase = new([0x2160, 0x216F, 0x24B6, 0x24CF, 0x1F130, 0x1F149, 0x1F150, 0x1F169, 0x1F170, 0x1F189]);

    /// <summary><c>\d</c>.</summary>
    internal static CharacterSet Digit => CharacterClasses.Category(UnicodeCategory.DecimalDigitNumber);

    /// <summary><c>\h</c>.</summary>
    internal static CharacterSet HexadecimalDigit { get; } = new(['0', '9', 'A', 'F', 'a', 'f']);

    /// <summary><c>\R</c>.</summary>
    internal static PatternNode LineBreak { get; } = new PatternNode.Atomic(new PatternNode.Alternation(
    [
        new PatternNode.Sequence([new PatternNode.Single(CharacterSet.Range('\r', '\r')), new PatternNode.Single(CharacterSet.Range('\n', '\n'))]),
        new PatternNode.Single(new CharacterSet(['\n', '\r', 0x85, 0x85, 0x2028, 0x2029])),
    ]));

    /// <summary>The set <c>[:name:]</c>, or null.</summary>
    internal static CharacterSet? Posix(string name) => name switch
    {
        "alnum" => CharacterSet.Union(CharacterClasses.Alphabetic, Digit),
        "alpha" => CharacterClasses.Alphabetic,
        "ascii" => CharacterSet.Range(0, 0x7F),
        "blank" => CharacterSet.Union(CharacterSet.Range('\t', '\t'), Categories("Zs")),
        "cntrl" => Categories("Cc"),
        "digit" => Digit,
        "graph" => Visible(),
        "lower" => CharacterSet.Union(Categories("Ll"), OtherLowercase),
        "print" => CharacterSet.Union(Visible(), Categories("Zs")),
        "punct" => CharacterSet.Union(Categories("P"), Categories("S")),
        "space" => CharacterClasses.WhiteSpace,
        "upper" => CharacterSet.Union(Categories("Lu"), OtherUppercase),
        "word" => CharacterClasses.RegexClassWord,
        "xdigit" => HexadecimalDigit,
        _ => null,
    };

    /// <summary>The set <c>\p{name}</c>, or null. Case, spaces, dashes and underscores in the name do not matter.</summary>
    internal static CharacterSet? Named(string name)
    {
        string plain = string.Concat(name.Where(c => c is not (' ' or '-' or '_'))).ToLowerInvariant();
        if (LongCategoryNames.TryGetValue(plain, out string[]? categories))
        {
            return CharacterSet.Union(categories.Select(Categories).ToArray());
        }

        if (plain.Length is 1 or 2 && CategoryNames.Any(category => category.StartsWith(plain, StringComparison.OrdinalIgnoreCase)))
        {
            return Categories(plain);
        }

        return plain switch
        {
            "any" => CharacterSet.All,
            "assigned" => Categories("Cn").Complement(),
            "alphabetic" => CharacterClasses.Alphabetic,
            "lowercase" => Posix("lower"),
            "uppercase" => Posix("upper"),
            "whitespace" => CharacterClasses.WhiteSpace,
            "asciihexdigit" or "ahex" => HexadecimalDigit,
            "han" or "hani" => CharacterClasses.Han,
            _ => Posix(plain),
        };
    }

    private static CharacterSet Visible()
        => CharacterSet.Union(CharacterClasses.WhiteSpace, Categories("Cc"), Categories("Cn"), Categories("Cs")).Complement();

    /// <summary>Every general category whose name begins with <paramref name="prefix"/>.</summary>
    private static CharacterSet Categories(string prefix)
    {
        var sets = new List<CharacterSet>();
        for (int i = 0; i < CategoryNames.Length; i++)
        {
            if (CategoryNames[i].StartsWith(prefix, StringComparison.OrdinalIgnoreCase))
            {
                sets.Add(CharacterClasses.Category((UnicodeCategory)i));
            }
        }

        return CharacterSet.Union(sets.ToArray());
    }
}
