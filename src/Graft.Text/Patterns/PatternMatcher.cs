using System.Globalization;
using System.Runtime.CompilerServices;
using Graft.Text.Characters;

namespace Graft.Text.Patterns;

/// <summary>
/// Runs a <see cref="PatternProgram"/> over texts by backtracking. Work is bounded: after a budget that grows with the text
/// the search stops with an error, so no pattern can hang on any text.
/// </summary>
/// <remarks>Positions are UTF-16 indexes; characters are code points. One matcher serves one thread.</remarks>
internal sealed class PatternMatcher
{
    private const int StepsPerCharacter = 1000;
    private const int StepsToStartWith = 1_000_000;
    private const int EntrySize = 3;

    private readonly PatternProgram _program;
    private readonly PatternInstruction[] _code;
    private readonly int[] _slots;
    private int[] _stack = new int[32 * EntrySize];
    private int _top;
    private long _budget;
    private int _searchStart;

    /// <summary>A matcher for texts of <paramref name="length"/> UTF-16 units in all.</summary>
    internal PatternMatcher(PatternProgram program, int length)
    {
        _program = program;
        _code = program.Code;
        _slots = new int[program.Slots];
        _budget = StepsToStartWith + ((long)length * StepsPerCharacter);
    }

    /// <summary>The leftmost match at or after <paramref name="from"/>.</summary>
    /// <exception cref="InvalidDataException">The pattern needs too many steps on this text.</exception>
    internal bool TryFind(ReadOnlySpan<char> text, int from, out int start, out int end)
    {
        CharacterSet? first = _program.First;
        _searchStart = from;
        for (start = from; start <= text.Length;)
        {
            int width = 1;
            if (first is null || (start < text.Length && first.Contains(CodePointAt(text, start, out width))))
            {
                _top = 0;
                end = Match(text, 0, start, -1);
                if (end >= 0)
                {
                    return true;
                }
            }

            if (start < text.Length)
            {
                CodePointAt(text, start, out width);
            }

            start += width;
        }

        end = -1;
        return false;
    }

    /// <summary>Matches the program at <paramref name="pc"/> and returns where it ended, or -1.</summary>
    private int Match(ReadOnlySpan<char> text, int pc, int position, int requiredEnd)
    {
        int floor = _top;
        while (true)
        {
            if (--_budget < 0)
            {
                throw new InvalidDataException(
                    $"the pattern '{_program.Source}' takes too many steps on this text; simplify the pattern in tokenizer.json or split the text");
            }

            ref readonly PatternInstruction step = ref _code[pc];
            bool matched;
            switch (step.Operation)
            {
                case PatternOperation.Set:
                    matched = position < text.Length && step.Set!.Contains(CodePointAt(text, position, out int width)) && Move(ref position, width);
                    pc++;
                    break;
                case PatternOperation.Run:
                case PatternOperation.PossessiveRun:
                    matched = Run(text, in step, ref position, pc + 1);
                    pc++;
                    break;
                case PatternOperation.Split:
                    pc = Choose(text, in step, position);
                    matched = true;
                    break;
                case PatternOperation.Jump:
                    pc = step.A;
                    matched = true;
                    break;
                case PatternOperation.Anchor:
                    matched = Holds((PatternAnchor)step.A, text, position);
                    pc++;
                    break;
                case PatternOperation.LookAhead:
                    matched = Enclosed(text, pc + 1, position, -1) >= 0 == (step.C == 0);
                    pc = step.B;
                    break;
                case PatternOperation.LookBehind:
                    matched = MatchesBefore(text, in step, pc + 1, position) == (step.C == 0);
                    pc = step.B;
                    break;
                case PatternOperation.Atomic:
                    int end = Enclosed(text, pc + 1, position, -1);
                    matched = end >= 0;
                    (pc, position) = (step.B, end);
                    break;
                case PatternOperation.Grapheme:
                    matched = position < text.Length && Move(ref position, StringInfo.GetNextTextElementLength(text[position..]));
                    pc++;
                    break;
                case PatternOperation.Mark:
                    Push(~step.A, _slots[step.A], 0);
                    _slots[step.A] = position;
                    matched = true;
                    pc++;
                    break;
                case PatternOperation.Advance:
                    matched = _slots[step.A] != position;
                    pc++;
                    break;
                default:
                    if (requiredEnd < 0 || position == requiredEnd)
                    {
                        return position;
                    }

                    matched = false;
                    break;
            }

            if (!matched && !Backtrack(text, floor, ref pc, ref position))
            {
                return -1;
            }
        }
    }

    private static bool Move(ref int position, int width)
    {
        position += width;
        return true;
    }

    /// <summary>A match of an enclosed program. What it would have tried next is forgotten.</summary>
    private int Enclosed(ReadOnlySpan<char> text, int pc, int position, int requiredEnd)
    {
        int top = _top;
        int end = Match(text, pc, position, requiredEnd);
        while (_top > top)
        {
            RestoreSlot();
        }

        return end;
    }

    private bool MatchesBefore(ReadOnlySpan<char> text, in PatternInstruction step, int pc, int position)
    {
        int start = position;
        for (int length = 0; length <= step.Most; length++)
        {
            if (length >= step.Least && Enclosed(text, pc, start, position) >= 0)
            {
                return true;
            }

            if (start == 0)
            {
                return false;
            }

            start -= WidthBefore(text, start);
        }

        return false;
    }

    private bool Run(ReadOnlySpan<char> text, in PatternInstruction step, ref int position, int next)
    {
        CharacterSet set = step.Set!;
        int count = 0;
        int at = position;
        int least = step.A == 0 ? position : -1;
        while (count < step.B && at < text.Length && set.Contains(CodePointAt(text, at, out int width)))
        {
            at += width;
            if (++count == step.A)
            {
                least = at;
            }
        }

        _budget -= count;
        if (least < 0)
        {
            return false;
        }

        if (at > least && step.Operation == PatternOperation.Run)
        {
            Push(next, at, least);
        }

        position = at;
        return true;
    }

    /// <summary>Decides by the next character where it can; otherwise takes the first way and remembers the second.</summary>
    private int Choose(ReadOnlySpan<char> text, in PatternInstruction step, int position)
    {
        if (step.Set is not null || step.Other is not null)
        {
            int code = position < text.Length ? CodePointAt(text, position, out _) : -1;
            if (step.Set is not null && (code < 0 || !step.Set.Contains(code)))
            {
                return step.B;
            }

            if (step.Other is not null && (code < 0 || !step.Other.Contains(code)))
            {
                return step.A;
            }
        }

        Push(step.B, position, -1);
        return step.A;
    }

    private bool Backtrack(ReadOnlySpan<char> text, int floor, ref int pc, ref int position)
    {
        while (_top > floor)
        {
            int target = _stack[_top - EntrySize];
            if (target < 0)
            {
                RestoreSlot();
                continue;
            }

            position = _stack[_top - EntrySize + 1];
            int least = _stack[_top - EntrySize + 2];
            pc = target;
            if (least < 0)
            {
                _top -= EntrySize;
                return true;
            }

            // A run gives back one character; its entry stays while it has more to give.
            position -= WidthBefore(text, position);
            _stack[_top - EntrySize + 1] = position;
            if (position <= least)
            {
                _top -= EntrySize;
            }

            return true;
        }

        return false;
    }

    private void RestoreSlot()
    {
        _top -= EntrySize;
        if (_stack[_top] < 0)
        {
            _slots[~_stack[_top]] = _stack[_top + 1];
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Push(int pc, int position, int least)
    {
        if (_top + EntrySize > _stack.Length)
        {
            Array.Resize(ref _stack, _stack.Length * 2);
        }

        _stack[_top] = pc;
        _stack[_top + 1] = position;
        _stack[_top + 2] = least;
        _top += EntrySize;
    }

    private bool Holds(PatternAnchor anchor, ReadOnlySpan<char> text, int position) => anchor switch
    {
        PatternAnchor.LineStart => position == 0 || (text[position - 1] == '\n' && position < text.Length),
        PatternAnchor.LineEnd => position == text.Length || text[position] == '\n',
        PatternAnchor.TextStart => position == 0,
        PatternAnchor.TextEnd => position == text.Length,
        PatternAnchor.LastLineEnd => position == text.Length || (position == text.Length - 1 && text[position] == '\n'),
        PatternAnchor.SearchStart => position == _searchStart,
        PatternAnchor.WordBoundary => IsBoundary(text, position),
        _ => !IsBoundary(text, position),
    };

    private static bool IsBoundary(ReadOnlySpan<char> text, int position)
    {
        CharacterSet word = CharacterClasses.RegexWord;
        bool before = position > 0 && word.Contains(CodePointAt(text, position - WidthBefore(text, position), out _));
        bool after = position < text.Length && word.Contains(CodePointAt(text, position, out _));
        return before != after;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int CodePointAt(ReadOnlySpan<char> text, int position, out int width)
    {
        char first = text[position];
        if (char.IsHighSurrogate(first) && position + 1 < text.Length && char.IsLowSurrogate(text[position + 1]))
        {
            width = 2;
            return char.ConvertToUtf32(first, text[position + 1]);
        }

        width = 1;
        return first;
    }

    private static int WidthBefore(ReadOnlySpan<char> text, int position)
        => position > 1 && char.IsLowSurrogate(text[position - 1]) && char.IsHighSurrogate(text[position - 2]) ? 2 : 1;
}
