using System.Runtime.CompilerServices;
using System.Text;

namespace Graft.Text.Characters;

/// <summary>An immutable set of code points. Membership costs one load up to the last change within the Basic Multilingual Plane, and a binary search above it.</summary>
internal sealed class CharacterSet
{
    private const int Largest = 0x10FFFF;
    private const int PlaneEnd = 0x10000;

    /// <summary>First and last code point of each range, ascending, neither touching nor overlapping.</summary>
    private readonly int[] _ranges;

    /// <summary>A bit for each code point of the Basic Multilingual Plane from the first member to the last place where membership changes: a set of one letter is small.</summary>
    private readonly uint[] _bits;

    private readonly int _firstBit;

    /// <summary>A set of ranges given as first, last, first, last, ... in ascending order without overlap.</summary>
    internal CharacterSet(int[] ranges)
    {
        _ranges = ranges;
        int end = ranges.Length > 0 && ranges[0] < PlaneEnd ? LastChange(ranges) + 1 : 0;
        _firstBit = end > 0 ? ranges[0] & ~31 : 0;
        _bits = new uint[(end - _firstBit + 31) / 32];
        for (int i = 0; i < ranges.Length; i += 2)
        {
            for (int c = ranges[i]; c <= ranges[i + 1] && c - _firstBit < 32 * _bits.Length; c++)
            {
                _bits[(c - _firstBit) >> 5] |= 1u << (c & 31);
            }
        }
    }

    /// <summary>Nothing.</summary>
    internal static CharacterSet Empty { get; } = new([]);

    /// <summary>Every code point.</summary>
    internal static CharacterSet All { get; } = new([0, Largest]);

    /// <summary>First and last code point of each range.</summary>
    internal ReadOnlySpan<int> Ranges => _ranges;

    /// <summary>Whether the code point belongs to the set.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal bool Contains(int codePoint)
    {
        uint word = (uint)(codePoint - _firstBit) >> 5;
        return word < (uint)_bits.Length ? (_bits[word] >> (codePoint & 31) & 1) != 0 : ContainsBeyond(codePoint);
    }

    /// <summary>The set of one range.</summary>
    internal static CharacterSet Range(int first, int last) => new([first, last]);

    /// <summary>The set of some code points.</summary>
    internal static CharacterSet Of(IEnumerable<int> codePoints)
    {
        var ranges = new List<int>();
        foreach (int c in codePoints.Distinct().Order())
        {
            if (ranges.Count > 0 && ranges[^1] == c - 1)
            {
                ranges[^1] = c;
            }
            else
            {
                ranges.Add(c);
                ranges.Add(c);
            }
        }

        return new CharacterSet(ranges.ToArray());
    }

    /// <summary>What is in any of the sets.</summary>
    internal static CharacterSet Union(params ReadOnlySpan<CharacterSet> sets)
    {
        var all = new List<(int First, int Last)>();
        foreach (CharacterSet set in sets)
        {
            for (int i = 0; i < set._ranges.Length; i += 2)
            {
                all.Add((set._ranges[i], set._ranges[i + 1]));
            }
        }

        all.Sort();
        var ranges = new List<int>();
        foreach ((int first, int last) in all)
        {
            if (ranges.Count > 0 && first <= ranges[^1] + 1)
            {
                ranges[^1] = Math.Max(ranges[^1], last);
            }
            else
            {
                ranges.Add(first);
                ranges.Add(last);
            }
        }

        return new CharacterSet(ranges.ToArray());
    }

    /// <summary>What is not in the set.</summary>
    internal CharacterSet Complement()
    {
        var ranges = new List<int>();
        int next = 0;
        for (int i = 0; i < _ranges.Length; i += 2)
        {
            if (_ranges[i] > next)
            {
                ranges.Add(next);
                ranges.Add(_ranges[i] - 1);
            }

            next = _ranges[i + 1] + 1;
        }

        if (next <= Largest)
        {
            ranges.Add(next);
            ranges.Add(Largest);
        }

        return new CharacterSet(ranges.ToArray());
    }

    /// <summary>What is in both sets.</summary>
    internal CharacterSet Intersect(CharacterSet other) => Union(Complement(), other.Complement()).Complement();

    /// <summary>The set and everything that differs from its members by case only (simple case folding).</summary>
    internal CharacterSet IgnoringCase()
    {
        // By the letters that have case, of which there are some thousands: a set may hold a million code points.
        var folded = new HashSet<int>();
        foreach ((int codePoint, int fold) in CasePairs.Value)
        {
            if (Contains(codePoint))
            {
                folded.Add(fold);
            }

            if (Contains(fold))
            {
                folded.Add(Fold(fold));
            }
        }

        var variants = new List<int>();
        foreach ((int codePoint, int fold) in CasePairs.Value)
        {
            if (folded.Contains(fold))
            {
                variants.Add(codePoint);
            }
        }

        return Union(this, Of(variants));
    }

    private static readonly Lazy<(int CodePoint, int Fold)[]> CasePairs = new(FindCasePairs);

    private static (int CodePoint, int Fold)[] FindCasePairs()
    {
        var pairs = new List<(int CodePoint, int Fold)>();
        for (int c = 0; c <= 0x1FFFF; c++)
        {
            if (Rune.IsValid(c) && (Fold(c) != c || Rune.ToUpperInvariant(new Rune(c)).Value != c))
            {
                pairs.Add((c, Fold(c)));
            }
        }

        return pairs.ToArray();
    }

    /// <summary>Lower case of the upper case: equal for all variants of a letter, long s and the Kelvin sign included.</summary>
    private static int Fold(int codePoint)
        => Rune.IsValid(codePoint) ? Rune.ToLowerInvariant(Rune.ToUpperInvariant(new Rune(codePoint))).Value : codePoint;

    /// <summary>The last place in the Basic Multilingual Plane where a range begins, or the one after its end.</summary>
    private static int LastChange(int[] ranges)
    {
        int last = 0;
        for (int i = 0; i < ranges.Length; i++)
        {
            int change = ranges[i] + (i % 2);
            last = change < PlaneEnd ? Math.Max(last, change) : last;
        }

        return last;
    }

    private bool ContainsBeyond(int codePoint)
    {
        int low = 0;
        int high = (_ranges.Length / 2) - 1;
        while (low <= high)
        {
            int middle = (low + high) / 2;
            if (codePoint < _ranges[2 * middle])
            {
                high = middle - 1;
            }
            else if (codePoint > _ranges[(2 * middle) + 1])
            {
                low = middle + 1;
            }
            else
            {
                return true;
            }
        }

        return false;
    }
}
