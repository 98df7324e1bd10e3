using System.Text;
using Graft.Text.Characters;

namespace Graft.Text.Patterns;

/// <summary>
/// Reads a pattern in the syntax of Oniguruma (its Ruby flavour, which the tokenizers library uses). Differences to .NET that
/// matter in real files: nested bracket classes and <c>&amp;&amp;</c>, <c>\h</c> is a hexadecimal digit, <c>^</c> and <c>$</c> match at
/// every line, <c>(?m)</c> lets the dot match line feeds, <c>x{1,3}+</c> repeats the repetition.
/// </summary>
/// <remarks>What needs captured text (back-references, subexpression calls, conditionals) is refused by name.</remarks>
internal sealed partial class PatternParser
{
    private const int LargestCount = 1000;
    private const int DeepestNesting = 100;

    // The longest in use have some hundreds. Sets of characters take kilobytes each, and a pattern can name one in four characters.
    private const int LongestPattern = 4096;

    private readonly string _source;
    private readonly int[] _codes;
    private int _at;
    private int _depth;
    private bool _ignoreCase;
    private bool _dotAll;
    private bool _extended;

    private PatternParser(string source)
    {
        _source = source;
        _codes = source.EnumerateRunes().Select(rune => rune.Value).ToArray();
    }

    private bool AtEnd => _at >= _codes.Length;

    /// <summary>Parses <paramref name="source"/>.</summary>
    /// <exception cref="InvalidDataException">The pattern is malformed or uses what is not supported; the message says where.</exception>
    internal static PatternNode Parse(string source)
    {
        if (source.Length > LongestPattern)
        {
            throw new InvalidDataException($"a pattern of {source.Length} characters cannot be used: at most {LongestPattern} are read");
        }

        var parser = new PatternParser(source);
        PatternNode node = parser.ParseAlternation();
        return parser.AtEnd ? node : throw parser.Error("unmatched ')'");
    }

    private PatternNode ParseAlternation()
    {
        if (++_depth > DeepestNesting)
        {
            throw Error($"groups are nested more than {DeepestNesting} deep");
        }

        (bool ignoreCase, bool dotAll, bool extended) = (_ignoreCase, _dotAll, _extended);
        var branches = new List<PatternNode> { ParseSequence() };
        while (TryTake('|'))
        {
            branches.Add(ParseSequence());
        }

        (_ignoreCase, _dotAll, _extended) = (ignoreCase, dotAll, extended);
        _depth--;
        return branches.Count == 1 ? branches[0] : new PatternNode.Alternation(branches);
    }

    private PatternNode ParseSequence()
    {
        var parts = new List<PatternNode>();
        while (!AtEnd && _codes[_at] is not ('|' or ')'))
        {
            if (_extended && SkipExtended())
            {
                continue;
            }

            if (ParseAtom() is { } atom)
            {
                parts.Add(ParseQuantifiers(atom));
            }
        }

        return parts.Count == 1 ? parts[0] : new PatternNode.Sequence(parts);
    }

    private PatternNode? ParseAtom()
    {
        int code = _codes[_at++];
        switch (code)
        {
            case '(':
                return ParseGroup();
            case '[':
                return new PatternNode.Single(ParseClass());
            case '.':
                return new PatternNode.Single(_dotAll ? CharacterSet.All : CharacterSet.Range('\n', '\n').Complement());
            case '^':
                return new PatternNode.Anchor(PatternAnchor.LineStart);
            case '$':
                return new PatternNode.Anchor(PatternAnchor.LineEnd);
            case '\\':
                return ParseEscape();
            case '*' or '+' or '?':
                throw Error($"nothing to repeat before '{(char)code}'");
            default:
                return Literal(code);
        }
    }

    private PatternNode.Single Literal(int code) => new(WithCase(CharacterSet.Range(code, code)));

    private CharacterSet WithCase(CharacterSet set) => _ignoreCase ? set.IgnoringCase() : set;

    private PatternNode? ParseGroup()
    {
        if (!TryTake('?'))
        {
            return CloseGroup(ParseAlternation());
        }

        switch (Take("a group"))
        {
            case ':':
                return CloseGroup(ParseAlternation());
            case '=':
                return new PatternNode.Look(CloseGroup(ParseAlternation()), Behind: false, Negative: false);
            case '!':
                return new PatternNode.Look(CloseGroup(ParseAlternation()), Behind: false, Negative: true);
            case '>':
                return new PatternNode.Atomic(CloseGroup(ParseAlternation()));
            case '#':
                while (Take("a comment") != ')')
                {
                }

                return null;
            case '<' when TryTake('='):
                return LookBehind(negative: false);
            case '<' when TryTake('!'):
                return LookBehind(negative: true);
            case '<':
                SkipName('>');
                return CloseGroup(ParseAlternation());
            case '\'':
                SkipName('\'');
                return CloseGroup(ParseAlternation());
            case '~' or '(' or '@':
                throw Error("absent operators, conditionals and capture histories are not supported");
            default:
                _at--;
                return ParseOptions();
        }
    }

    private PatternNode.Look LookBehind(bool negative)
    {
        PatternNode body = CloseGroup(ParseAlternation());
        return body.Most <= LargestCount
            ? new PatternNode.Look(body, Behind: true, negative)
            : throw Error("a look-behind must have a bounded length");
    }

    /// <summary><c>(?i)</c> holds to the end of the enclosing group; <c>(?i:...)</c> within itself.</summary>
    private PatternNode? ParseOptions()
    {
        (bool ignoreCase, bool dotAll, bool extended) = (_ignoreCase, _dotAll, _extended);
        bool on = true;
        while (true)
        {
            int code = Take("group options");
            switch (code)
            {
                case '-':
                    on = false;
                    break;
                case 'i':
                    _ignoreCase = on;
                    break;
                case 'm':
                    _dotAll = on;
                    break;
                case 'x':
                    _extended = on;
                    break;
                case ')':
                    PatternNode rest = ParseOptionScope();
                    (_ignoreCase, _dotAll, _extended) = (ignoreCase, dotAll, extended);
                    return rest;
                case ':':
                    PatternNode body = CloseGroup(ParseAlternation());
                    (_ignoreCase, _dotAll, _extended) = (ignoreCase, dotAll, extended);
                    return body;
                default:
                    throw Error($"unknown group option '{new Rune(code)}'");
            }
        }
    }

    /// <summary>In Ruby's syntax <c>a(?i)b|c</c> is <c>a(?i:b|c)</c>: the option takes the alternatives that follow with it.</summary>
    private PatternNode ParseOptionScope() => ParseAlternation();

    private PatternNode CloseGroup(PatternNode body) => TryTake(')') ? body : throw Error("a group is not closed");

    private void SkipName(int end)
    {
        while (Take("a group name") != end)
        {
        }
    }

    private PatternNode ParseQuantifiers(PatternNode atom)
    {
        while (!AtEnd)
        {
            int start = _at;
            if (!TryParseCount(out int minimum, out int maximum, out bool interval))
            {
                break;
            }

            RepeatKind kind = RepeatKind.Greedy;
            if (interval && minimum == maximum)
            {
                // x{2}? is an optional x{2} and x{2}+ a repeated one.
                kind = RepeatKind.Greedy;
            }
            else if (TryTake('?'))
            {
                kind = RepeatKind.Lazy;
            }
            else if (!interval && TryTake('+'))
            {
                kind = RepeatKind.Possessive;
            }

            if (atom is PatternNode.Anchor or PatternNode.Look && maximum > 1)
            {
                // Repeating a condition cannot change it.
                (minimum, maximum) = (Math.Min(minimum, 1), 1);
            }

            atom = minimum <= maximum ? new PatternNode.Repeat(atom, minimum, maximum, kind) : throw Error("a repetition has its bounds in the wrong order", start);
        }

        return atom;
    }

    private bool TryParseCount(out int minimum, out int maximum, out bool interval)
    {
        (minimum, maximum, interval) = (0, PatternNode.Unbounded, false);
        switch (_codes[_at])
        {
            case '*':
                _at++;
                return true;
            case '+':
                (_at, minimum) = (_at + 1, 1);
                return true;
            case '?':
                (_at, maximum) = (_at + 1, 1);
                return true;
            case '{':
                interval = true;
                return TryParseInterval(out minimum, out maximum);
            default:
                return false;
        }
    }

    /// <summary>A brace that does not begin an interval is a literal one.</summary>
    private bool TryParseInterval(out int minimum, out int maximum)
    {
        int start = _at++;
        int? low = ParseNumber();
        int? high = low;
        if (TryTake(','))
        {
            high = ParseNumber();
            if (low is null && high is null)
            {
                high = -1;
            }
        }

        if ((low is null && high is null) || high == -1 || !TryTake('}'))
        {
            _at = start;
            (minimum, maximum) = (0, 0);
            return false;
        }

        (minimum, maximum) = (low ?? 0, high ?? PatternNode.Unbounded);
        return true;
    }

    private int? ParseNumber()
    {
        int? value = null;
        while (!AtEnd && _codes[_at] is >= '0' and <= '9')
        {
            value = ((value ?? 0) * 10) + _codes[_at++] - '0';
            if (value > LargestCount)
            {
                throw Error($"repetition counts go up to {LargestCount}");
            }
        }

        return value;
    }

    private bool SkipExtended()
    {
        if (_codes[_at] == '#')
        {
            while (!AtEnd && _codes[_at] != '\n')
            {
                _at++;
            }

            return true;
        }

        bool blank = _codes[_at] is ' ' or (>= '\t' and <= '\r');
        _at += blank ? 1 : 0;
        return blank;
    }

    private bool TryTake(int code)
    {
        bool here = !AtEnd && _codes[_at] == code;
        _at += here ? 1 : 0;
        return here;
    }

    private int Take(string within) => AtEnd ? throw Error($"the pattern ends within {within}") : _codes[_at++];

    private InvalidDataException Error(string what, int? at = null)
        => new($"the pattern '{_source}' cannot be used: {what} (at character {(at ?? _at) + 1})");
}
