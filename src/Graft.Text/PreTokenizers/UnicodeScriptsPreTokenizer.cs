using System.Text;
using Graft.Text.Characters;
using Graft.Text.Pipeline;

namespace Graft.Text.PreTokenizers;

/// <summary><c>UnicodeScripts</c>: cuts where the script changes. Kana count as Han; spaces and unassigned characters fit anything,
/// but vanish before the first character that has a script.</summary>
internal sealed class UnicodeScriptsPreTokenizer : IPreTokenizer
{
    private static readonly Lazy<(int First, int Last, int Class)[]> Classes = new(ReadClasses);

    /// <inheritdoc/>
    public void PreTokenize(PreTokenizedText text)
    {
        var pieces = new List<TextRange>();
        foreach (TextRange piece in text.Pieces)
        {
            int start = -1;
            int current = 0;
            for (int at = piece.Start; at < piece.End;)
            {
                Rune.DecodeFromUtf16(text.Text.Characters[at..piece.End], out Rune rune, out int width);
                int next = ClassOf(rune.Value);
                if (next != 0 && next != current)
                {
                    if (start >= 0)
                    {
                        pieces.Add(new TextRange(start, at));
                    }

                    start = at;
                }

                current = next == 0 ? current : next;
                at += width;
            }

            if (start >= 0)
            {
                pieces.Add(new TextRange(start, piece.End));
            }
        }

        text.SetPieces(pieces);
    }

    /// <summary>The class of a character; 0 fits any neighbour.</summary>
    internal static int ClassOf(int codePoint)
    {
        (int First, int Last, int Class)[] classes = Classes.Value;
        int low = 0;
        int high = classes.Length - 1;
        while (low <= high)
        {
            int middle = (low + high) / 2;
            if (codePoint < classes[middle].First)
            {
                high = middle - 1;
            }
            else if (codePoint > classes[middle].Last)
            {
                low = middle + 1;
            }
            else
            {
                return classes[middle].Class;
            }
        }

        return 0;
    }

    private static (int First, int Last, int Class)[] ReadClasses()
    {
        var classes = new List<(int First, int Last, int Class)>();
        var numbers = new PackedNumbers(CharacterTables.ScriptClasses);
        int next = 0;
        while (numbers.HasMore)
        {
            int first = next + numbers.Next();
            int last = first + numbers.Next();
            classes.Add((first, last, numbers.Next()));
            next = last + 1;
        }

        return classes.ToArray();
    }
}
