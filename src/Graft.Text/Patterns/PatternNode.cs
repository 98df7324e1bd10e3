using Graft.Text.Characters;

namespace Graft.Text.Patterns;

/// <summary>How a repetition chooses its length.</summary>
internal enum RepeatKind
{
    /// <summary>As long as possible, giving back on demand.</summary>
    Greedy,

    /// <summary>As short as possible, taking more on demand.</summary>
    Lazy,

    /// <summary>As long as possible, never giving back.</summary>
    Possessive,
}

/// <summary>Conditions on a position.</summary>
internal enum PatternAnchor
{
    /// <summary><c>^</c>.</summary>
    LineStart,

    /// <summary><c>$</c>.</summary>
    LineEnd,

    /// <summary><c>\A</c>.</summary>
    TextStart,

    /// <summary><c>\z</c>.</summary>
    TextEnd,

    /// <summary><c>\Z</c>: the end, or before a line feed that ends the text.</summary>
    LastLineEnd,

    /// <summary><c>\G</c>: where the search began.</summary>
    SearchStart,

    /// <summary><c>\b</c>.</summary>
    WordBoundary,

    /// <summary><c>\B</c>.</summary>
    NotWordBoundary,
}

/// <summary>A parsed pattern. Every node knows how many code points it can match and, where that is certain, with which it begins.</summary>
internal abstract record PatternNode
{
    /// <summary>Stands for "any number of code points".</summary>
    internal const int Unbounded = int.MaxValue;

    /// <summary>Fewest code points of a match.</summary>
    internal abstract int Least { get; }

    /// <summary>Most code points of a match, or <see cref="Unbounded"/>.</summary>
    internal abstract int Most { get; }

    /// <summary>The code points that a match can begin with; null if that is unknown or the match can be empty.</summary>
    internal abstract CharacterSet? First { get; }

    /// <summary>One character of a set.</summary>
    internal sealed record Single(CharacterSet Set) : PatternNode
    {
        internal override int Least => 1;

        internal override int Most => 1;

        internal override CharacterSet? First => Set;
    }

    /// <summary>One after the other.</summary>
    internal sealed record Sequence(IReadOnlyList<PatternNode> Parts) : PatternNode
    {
        internal override int Least => (int)Math.Min(Unbounded, Parts.Sum(part => (long)part.Least));

        internal override int Most => Parts.Any(part => part.Most == Unbounded) ? Unbounded : (int)Math.Min(Unbounded, Parts.Sum(part => (long)part.Most));

        internal override CharacterSet? First => FindFirst();

        /// <summary>Optional parts add what they begin with to what follows them.</summary>
        private CharacterSet? FindFirst()
        {
            CharacterSet soFar = CharacterSet.Empty;
            foreach (PatternNode part in Parts)
            {
                if (part.Least > 0)
                {
                    return part.First is { } first ? CharacterSet.Union(soFar, first) : null;
                }

                if (part is Repeat { Body.First: { } optional })
                {
                    soFar = CharacterSet.Union(soFar, optional);
                }
                else if (part is not (Look or Anchor))
                {
                    return null;
                }
            }

            return null;
        }
    }

    /// <summary>The first alternative that leads to a match.</summary>
    internal sealed record Alternation(IReadOnlyList<PatternNode> Branches) : PatternNode
    {
        internal override int Least => Branches.Min(branch => branch.Least);

        internal override int Most => Branches.Max(branch => branch.Most);

        internal override CharacterSet? First
            => Branches.Any(branch => branch.First is null) ? null : CharacterSet.Union(Branches.Select(branch => branch.First!).ToArray());
    }

    /// <summary>The body from <paramref name="Minimum"/> to <paramref name="Maximum"/> times.</summary>
    internal sealed record Repeat(PatternNode Body, int Minimum, int Maximum, RepeatKind Kind) : PatternNode
    {
        internal override int Least => (int)Math.Min(Unbounded, (long)Body.Least * Minimum);

        internal override int Most => Maximum == Unbounded || Body.Most == Unbounded ? Unbounded : (int)Math.Min(Unbounded, (long)Body.Most * Maximum);

        internal override CharacterSet? First => Minimum > 0 ? Body.First : null;
    }

    /// <summary>Whether the body matches after (or, <paramref name="Behind"/>, before) the position; consumes nothing.</summary>
    internal sealed record Look(PatternNode Body, bool Behind, bool Negative) : PatternNode
    {
        internal override int Least => 0;

        internal override int Most => 0;

        internal override CharacterSet? First => null;
    }

    /// <summary>The body's first match and no other.</summary>
    internal sealed record Atomic(PatternNode Body) : PatternNode
    {
        internal override int Least => Body.Least;

        internal override int Most => Body.Most;

        internal override CharacterSet? First => Body.First;
    }

    /// <summary>A condition on the position.</summary>
    internal sealed record Anchor(PatternAnchor Kind) : PatternNode
    {
        internal override int Least => 0;

        internal override int Most => 0;

        internal override CharacterSet? First => null;
    }

    /// <summary>One extended grapheme cluster.</summary>
    internal sealed record Grapheme : PatternNode
    {
        internal override int Least => 1;

        internal override int Most => Unbounded;

        internal override CharacterSet? First => null;
    }
}
