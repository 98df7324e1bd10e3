using System.Text;
using Graft.Text.Characters;

namespace Graft.Text.PostProcessors;

/// <summary>Takes leading and trailing white space of each token out of its offsets.</summary>
internal sealed class OffsetTrimming(bool addPrefixSpace, Func<int, string?> tokenOf)
{
    /// <summary>The encoding and its overflowing windows with trimmed offsets.</summary>
    internal Encoding Apply(Encoding encoding) => encoding.WithOffsets(Trim);

    private (int Start, int End)[] Trim(Encoding encoding)
    {
        var offsets = ((int Start, int End)[])encoding.Offsets.Clone();
        for (int i = 0; i < offsets.Length; i++)
        {
            string token = encoding.WrittenForms?[i] ?? tokenOf(encoding.Ids[i]) ?? string.Empty;
            int leading = token.EnumerateRunes().TakeWhile(IsSpace).Count();
            int trailing = token.EnumerateRunes().Reverse().TakeWhile(IsSpace).Count();
            (int start, int end) = offsets[i];
            if (leading > 0)
            {
                // The space that add_prefix_space put there covers nothing of the text.
                bool prefixed = addPrefixSpace && (i == 0 || start == 0);
                start = Math.Min(start + leading - (prefixed ? 1 : 0), end);
            }

            if (trailing > 0 && end >= trailing)
            {
                end = Math.Max(end - trailing, start);
            }

            offsets[i] = (start, end);
        }

        return offsets;
    }

    private static bool IsSpace(Rune rune) => rune.Value == ByteLevelAlphabet.Space || CharacterClasses.WhiteSpace.Contains(rune.Value);
}
