using System.Text;
using Graft.Text.Characters;
using Graft.Text.Pipeline;

namespace Graft.Text.Normalizers;

/// <summary><c>NFC</c>, <c>NFD</c>, <c>NFKC</c> and <c>NFKD</c>.</summary>
internal sealed class NormalFormNormalizer(bool compose, bool compatibility) : INormalizer
{
    /// <inheritdoc/>
    public AlignedText Normalize(AlignedText text)
    {
        if (Ascii.IsValid(text.Characters))
        {
            return text;
        }

        List<(Rune Rune, int Change)> changes = Decompose(text.Characters);
        Reorder(changes);
        return TextChanges.Apply(text, compose ? Compose(changes) : changes);
    }

    private List<(Rune Rune, int Change)> Decompose(ReadOnlySpan<char> text)
    {
        var changes = new List<(Rune Rune, int Change)>(text.Length);
        var parts = new List<int>();
        foreach (Rune rune in text.EnumerateRunes())
        {
            parts.Clear();
            NormalForms.Decompose(rune.Value, compatibility, parts);
            for (int i = 0; i < parts.Count; i++)
            {
                changes.Add((new Rune(parts[i]), i == 0 ? 0 : 1));
            }
        }

        return changes;
    }

    /// <summary>Sorts every run of combining characters by class, keeping the order of equals.</summary>
    private static void Reorder(List<(Rune Rune, int Change)> changes)
    {
        for (int start = 0; start < changes.Count; start++)
        {
            int end = start;
            bool sorted = true;
            for (int before = 0; end < changes.Count; end++)
            {
                int current = NormalForms.CombiningClass(changes[end].Rune.Value);
                if (current == 0)
                {
                    break;
                }

                sorted &= current >= before;
                before = current;
            }

            if (!sorted)
            {
                (Rune Rune, int Change)[] run = changes[start..end].OrderBy(change => NormalForms.CombiningClass(change.Rune.Value)).ToArray();
                for (int i = 0; i < run.Length; i++)
                {
                    changes[start + i] = run[i];
                }
            }

            start = end;
        }
    }

    /// <summary>Composes every starter with the characters after it that no other of the same or a higher class blocks.</summary>
    private static List<(Rune Rune, int Change)> Compose(List<(Rune Rune, int Change)> changes)
    {
        var composed = new List<(Rune Rune, int Change)>(changes.Count);
        int starter = -1;
        int lastClass = -1;
        foreach ((Rune rune, int change) in changes)
        {
            int current = NormalForms.CombiningClass(rune.Value);
            if (starter >= 0 && (lastClass < 0 || lastClass < current))
            {
                int result = NormalForms.Compose(composed[starter].Rune.Value, rune.Value);
                if (result >= 0)
                {
                    composed[starter] = (new Rune(result), composed[starter].Change + change - 1);
                    continue;
                }
            }

            if (current == 0)
            {
                (starter, lastClass) = (composed.Count, -1);
            }
            else
            {
                lastClass = current;
            }

            composed.Add((rune, change));
        }

        return composed;
    }
}
