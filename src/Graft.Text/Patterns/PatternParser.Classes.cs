using System.Text;
using Graft.Text.Characters;

namespace Graft.Text.Patterns;

/// <summary>Bracket classes and escapes.</summary>
internal sealed partial class PatternParser
{
    /// <summary>What stands between brackets: members, ranges, escapes, POSIX classes, nested classes, intersections.</summary>
    private CharacterSet ParseClass()
    {
        if (++_depth > DeepestNesting)
        {
            throw Error($"classes are nested more than {DeepestNesting} deep");
        }

        bool negative = TryTake('^');
        CharacterSet? intersection = null;
        var members = new List<CharacterSet>();
        bool first = true;
        while (true)
        {
            int code = Take("a bracket class");
            if (code == ']' && !(first && ClosesLater()))
            {
                break;
            }

            first = false;
            if (code == '&' && TryTake('&'))
            {
                intersection = Intersect(intersection, members);
                members.Clear();
                continue;
            }

            members.Add(code switch
            {
                '[' when TryParsePosix() is { } posix => posix,
                '[' => ParseClass(),
                '\\' => ParseClassEscape(),
                _ => ParseRange(code),
            });
        }

        _depth--;
        CharacterSet set = WithCase(Intersect(intersection, members));
        return negative ? set.Complement() : set;
    }

    private static CharacterSet Intersect(CharacterSet? before, List<CharacterSet> members)
    {
        CharacterSet union = CharacterSet.Union(members.ToArray());
        return before is null ? union : before.Intersect(union);
    }

    /// <summary>A bracket that closes right away is a literal one if another closes the class.</summary>
    private bool ClosesLater() => Array.IndexOf(_codes, ']', _at) >= 0;

    private CharacterSet ParseClassEscape()
    {
        if (TryParseSetEscape(inClass: true) is { } set)
        {
            return set;
        }

        return ParseRange(ParseCharacterEscape(inClass: true));
    }

    private CharacterSet ParseRange(int first)
    {
        if (_at + 1 >= _codes.Length || _codes[_at] != '-' || _codes[_at + 1] == ']')
        {
            return CharacterSet.Range(first, first);
        }

        int dash = _at++;
        int last = Take("a range");
        if (last == '\\')
        {
            if (TryParseSetEscape(inClass: true) is { } set)
            {
                return CharacterSet.Union(CharacterSet.Of([first, '-']), set);
            }

            last = ParseCharacterEscape(inClass: true);
        }
        else if (last == '[')
        {
            // [a-[b]]: the dash is a member.
            _at = dash + 1;
            return CharacterSet.Of([first, '-']);
        }

        return first <= last ? CharacterSet.Range(first, last) : throw Error("a range runs backwards", dash);
    }

    private CharacterSet? TryParsePosix()
    {
        if (AtEnd || _codes[_at] != ':')
        {
            return null;
        }

        int end = _at + 1;
        while (end < _codes.Length && _codes[end] is (>= 'a' and <= 'z') or '^')
        {
            end++;
        }

        if (end + 1 >= _codes.Length || _codes[end] != ':' || _codes[end + 1] != ']')
        {
            return null;
        }

        string name = string.Concat(_codes[(_at + 1)..end].Select(code => (char)code));
        bool negative = name.StartsWith('^');
        CharacterSet set = PatternProperties.Posix(negative ? name[1..] : name) ?? throw Error($"unknown class [:{name}:]; known are {PatternProperties.PosixNames}");
        _at = end + 2;
        return negative ? set.Complement() : set;
    }

    private PatternNode ParseEscape()
    {
        if (TryParseSetEscape(inClass: false) is { } set)
        {
            return new PatternNode.Single(WithCase(set));
        }

        PatternNode? special = Take("an escape") switch
        {
            'b' => new PatternNode.Anchor(PatternAnchor.WordBoundary),
            'B' => new PatternNode.Anchor(PatternAnchor.NotWordBoundary),
            'A' => new PatternNode.Anchor(PatternAnchor.TextStart),
            'z' => new PatternNode.Anchor(PatternAnchor.TextEnd),
            'Z' => new PatternNode.Anchor(PatternAnchor.LastLineEnd),
            'G' => new PatternNode.Anchor(PatternAnchor.SearchStart),
            'X' => new PatternNode.Grapheme(),
            'R' => PatternProperties.LineBreak,
            'N' => new PatternNode.Single(CharacterSet.Range('\n', '\n').Complement()),
            'O' => new PatternNode.Single(CharacterSet.All),
            'K' or 'k' or 'g' or (>= '1' and <= '9') => throw Error("back-references, subexpression calls and \\K are not supported"),
            'y' or 'Y' => throw Error("text segment boundaries are not supported"),
            _ => null,
        };
        if (special is not null)
        {
            return special;
        }

        _at--;
        return Literal(ParseCharacterEscape(inClass: false));
    }

    /// <summary>The set of an escape such as <c>\s</c> or <c>\p{L}</c> after the backslash; null, without reading, for others.</summary>
    private CharacterSet? TryParseSetEscape(bool inClass)
    {
        int code = Take("an escape");
        switch (code)
        {
            case 'd' or 'D':
                return Signed(PatternProperties.Digit, code == 'D');
            case 'w' or 'W':
                return Signed(inClass ? CharacterClasses.RegexClassWord : CharacterClasses.RegexWord, code == 'W');
            case 's' or 'S':
                return Signed(CharacterClasses.WhiteSpace, code == 'S');
            case 'h' or 'H':
                return Signed(PatternProperties.HexadecimalDigit, code == 'H');
            case 'p' or 'P' when TryTake('{'):
                bool negative = (code == 'P') ^ TryTake('^');
                var name = new StringBuilder();
                for (int next = Take("a property name"); next != '}'; next = Take("a property name"))
                {
                    name.Append(new Rune(next).ToString());
                }

                return Signed(PatternProperties.Named(name.ToString()) ?? throw Error($"unknown character property '{name}'"), negative);
            default:
                _at--;
                return null;
        }
    }

    private static CharacterSet Signed(CharacterSet set, bool negative) => negative ? set.Complement() : set;

    private int ParseCharacterEscape(bool inClass)
    {
        int code = Take("an escape");
        switch (code)
        {
            case 't':
                return '\t';
            case 'n':
                return '\n';
            case 'r':
                return '\r';
            case 'f':
                return '\f';
            case 'v':
                return '\v';
            case 'a':
                return '\a';
            case 'e':
                return 0x1B;
            case 'b' when inClass:
                return '\b';
            case 'x' when TryTake('{'):
                int value = ParseDigits(16, 1, 8);
                return TryTake('}') ? value : throw Error("\\x{ is not closed");
            case 'x':
                return ParseDigits(16, 1, 2);
            case 'u':
                return ParseDigits(16, 4, 4);
            case '0':
                return ParseDigits(8, 0, 2);
            default:
                return code;
        }
    }

    private int ParseDigits(int radix, int least, int most)
    {
        long value = 0;
        int count = 0;
        while (count < most && !AtEnd && _codes[_at] < 0x80 && char.IsAsciiHexDigit((char)_codes[_at]))
        {
            int digit = Convert.ToInt32(((char)_codes[_at]).ToString(), 16);
            if (digit >= radix)
            {
                break;
            }

            value = (value * radix) + digit;
            _at++;
            count++;
        }

        if (count < least || value > 0x10FFFF)
        {
            throw Error("an escape does not name a code point");
        }

        return (int)value;
    }
}
