using Graft.Text.Characters;

namespace Graft.Text.Patterns;

/// <summary>What an instruction of a <see cref="PatternProgram"/> does.</summary>
internal enum PatternOperation
{
    /// <summary>One character of the set.</summary>
    Set,

    /// <summary>A to B characters of the set, as many as possible, giving back one by one.</summary>
    Run,

    /// <summary>A to B characters of the set, as many as possible, keeping them.</summary>
    PossessiveRun,

    /// <summary>Go on at A, later at B. The sets, where known, say which characters A and B can begin with.</summary>
    Split,

    /// <summary>Go on at A.</summary>
    Jump,

    /// <summary>The condition A.</summary>
    Anchor,

    /// <summary>The program that follows, up to B, must (C = 1: must not) match here.</summary>
    LookAhead,

    /// <summary>The program that follows, up to B, must (C = 1: must not) match something that ends here, of Least to Most characters.</summary>
    LookBehind,

    /// <summary>The first match of the program that follows, up to B.</summary>
    Atomic,

    /// <summary>One extended grapheme cluster.</summary>
    Grapheme,

    /// <summary>Remember the position in slot A.</summary>
    Mark,

    /// <summary>Fail if the position is still that in slot A: a repetition must not spin on nothing.</summary>
    Advance,

    /// <summary>Success.</summary>
    Accept,
}

/// <summary>One instruction; what the operands mean depends on the operation.</summary>
internal readonly record struct PatternInstruction(
    PatternOperation Operation, int A = 0, int B = 0, int C = 0, CharacterSet? Set = null, CharacterSet? Other = null, int Least = 0, int Most = 0);

/// <summary>A pattern compiled for <see cref="PatternMatcher"/>. Immutable, so threads share it.</summary>
internal sealed class PatternProgram
{
    private const int LargestProgram = 50_000;
    private readonly List<PatternInstruction> _code = [];

    private PatternProgram(string source, PatternNode node)
    {
        Source = source;
        First = node.First;
        Emit(node);
        _code.Add(new PatternInstruction(PatternOperation.Accept));
        Code = _code.ToArray();
    }

    /// <summary>The pattern as written.</summary>
    internal string Source { get; }

    /// <summary>With which characters a match can begin; null if unknown.</summary>
    internal CharacterSet? First { get; }

    /// <summary>The instructions.</summary>
    internal PatternInstruction[] Code { get; }

    /// <summary>Number of slots of <see cref="PatternOperation.Mark"/>.</summary>
    internal int Slots { get; private set; }

    /// <summary>Compiles a pattern in Oniguruma's syntax.</summary>
    /// <exception cref="InvalidDataException">The pattern is malformed, too large or uses what is not supported.</exception>
    internal static PatternProgram Compile(string source) => new(source, PatternParser.Parse(source));

    private void Emit(PatternNode node)
    {
        if (_code.Count > LargestProgram)
        {
            throw new InvalidDataException($"the pattern '{Source}' cannot be used: its repetitions unfold to more than {LargestProgram} steps");
        }

        switch (node)
        {
            case PatternNode.Single single:
                _code.Add(new PatternInstruction(PatternOperation.Set, Set: single.Set));
                break;
            case PatternNode.Sequence sequence:
                foreach (PatternNode part in sequence.Parts)
                {
                    Emit(part);
                }

                break;
            case PatternNode.Alternation alternation:
                EmitAlternation(alternation);
                break;
            case PatternNode.Repeat repeat:
                EmitRepeat(repeat);
                break;
            case PatternNode.Look look:
                EmitEnclosed(look.Behind ? PatternOperation.LookBehind : PatternOperation.LookAhead, look.Body, look.Negative);
                break;
            case PatternNode.Atomic atomic:
                EmitEnclosed(PatternOperation.Atomic, atomic.Body, negative: false);
                break;
            case PatternNode.Anchor anchor:
                _code.Add(new PatternInstruction(PatternOperation.Anchor, (int)anchor.Kind));
                break;
            default:
                _code.Add(new PatternInstruction(PatternOperation.Grapheme));
                break;
        }
    }

    private void EmitAlternation(PatternNode.Alternation alternation)
    {
        var exits = new List<int>();
        for (int i = 0; i < alternation.Branches.Count; i++)
        {
            bool last = i == alternation.Branches.Count - 1;
            int split = _code.Count;
            if (!last)
            {
                _code.Add(default);
            }

            Emit(alternation.Branches[i]);
            if (last)
            {
                break;
            }

            exits.Add(_code.Count);
            _code.Add(default);
            CharacterSet? rest = new PatternNode.Alternation(alternation.Branches.Skip(i + 1).ToArray()).First;
            _code[split] = new PatternInstruction(PatternOperation.Split, split + 1, _code.Count, Set: alternation.Branches[i].First, Other: rest);
        }

        foreach (int exit in exits)
        {
            _code[exit] = new PatternInstruction(PatternOperation.Jump, _code.Count);
        }
    }

    private void EmitRepeat(PatternNode.Repeat repeat)
    {
        if (repeat.Body is PatternNode.Single single && repeat.Kind != RepeatKind.Lazy)
        {
            PatternOperation run = repeat.Kind == RepeatKind.Greedy ? PatternOperation.Run : PatternOperation.PossessiveRun;
            _code.Add(new PatternInstruction(run, repeat.Minimum, repeat.Maximum, Set: single.Set));
            return;
        }

        if (repeat.Kind == RepeatKind.Possessive)
        {
            EmitEnclosed(PatternOperation.Atomic, repeat with { Kind = RepeatKind.Greedy }, negative: false);
            return;
        }

        for (int i = 0; i < repeat.Minimum; i++)
        {
            Emit(repeat.Body);
        }

        if (repeat.Maximum == PatternNode.Unbounded)
        {
            EmitLoop(repeat);
        }
        else
        {
            EmitOptional(repeat, repeat.Maximum - repeat.Minimum);
        }
    }

    private void EmitLoop(PatternNode.Repeat repeat)
    {
        bool guarded = repeat.Body.Least == 0;
        int slot = guarded ? Slots++ : 0;
        int split = _code.Count;
        _code.Add(default);
        if (guarded)
        {
            _code.Add(new PatternInstruction(PatternOperation.Mark, slot));
        }

        Emit(repeat.Body);
        if (guarded)
        {
            _code.Add(new PatternInstruction(PatternOperation.Advance, slot));
        }

        _code.Add(new PatternInstruction(PatternOperation.Jump, split));
        _code[split] = Choice(repeat, split, _code.Count);
    }

    private void EmitOptional(PatternNode.Repeat repeat, int times)
    {
        var splits = new List<int>();
        for (int i = 0; i < times; i++)
        {
            splits.Add(_code.Count);
            _code.Add(default);
            Emit(repeat.Body);
        }

        foreach (int split in splits)
        {
            _code[split] = Choice(repeat, split, _code.Count);
        }
    }

    private static PatternInstruction Choice(PatternNode.Repeat repeat, int split, int exit)
        => repeat.Kind == RepeatKind.Lazy
            ? new PatternInstruction(PatternOperation.Split, exit, split + 1, Other: repeat.Body.First)
            : new PatternInstruction(PatternOperation.Split, split + 1, exit, Set: repeat.Body.First);

    private void EmitEnclosed(PatternOperation operation, PatternNode body, bool negative)
    {
        int start = _code.Count;
        _code.Add(default);
        Emit(body);
        _code.Add(new PatternInstruction(PatternOperation.Accept));
        _code[start] = new PatternInstruction(operation, 0, _code.Count, negative ? 1 : 0, Least: body.Least, Most: body.Most);
    }
}
