using System.Globalization;
using System.Text;
using Graft.Text.Characters;
using Graft.Text.Pipeline;

namespace Graft.Text.Normalizers;

/// <summary>
/// <c>Precompiled</c>: the rules of a SentencePiece model, looked up for whole grapheme clusters below six bytes and otherwise
/// for single characters (SentencePiece itself looks for the longest match).
/// </summary>
internal sealed class PrecompiledNormalizer(PrecompiledCharacterMap map) : INormalizer
{
    private const int LongestCluster = 5;

    /// <inheritdoc/>
    public AlignedText Normalize(AlignedText text)
    {
        var changes = new List<(Rune Rune, int Change)>(text.Length);
        bool modified = false;
        for (ReadOnlySpan<char> rest = text.Characters; rest.Length > 0;)
        {
            ReadOnlySpan<char> cluster = rest[..StringInfo.GetNextTextElementLength(rest)];
            rest = rest[cluster.Length..];
            if (System.Text.Encoding.UTF8.GetByteCount(cluster) <= LongestCluster && TryReplace(cluster, changes))
            {
                modified = true;
                continue;
            }

            while (cluster.Length > 0)
            {
                Rune.DecodeFromUtf16(cluster, out Rune rune, out int width);
                bool replaced = TryReplace(cluster[..width], changes);
                modified |= replaced;
                cluster = cluster[width..];
                if (!replaced)
                {
                    changes.Add((rune, 0));
                }
            }
        }

        return modified ? TextChanges.Apply(text, changes) : text;
    }

    private bool TryReplace(ReadOnlySpan<char> part, List<(Rune Rune, int Change)> changes)
    {
        Span<byte> bytes = stackalloc byte[LongestCluster];
        if (!map.TryFind(bytes[..System.Text.Encoding.UTF8.GetBytes(part, bytes)], shortest: true, out _, out ReadOnlySpan<byte> replacement))
        {
            return false;
        }

        int difference = -CodePoints.Count(part);
        foreach (Rune rune in System.Text.Encoding.UTF8.GetString(replacement).EnumerateRunes())
        {
            changes.Add((rune, 0));
            difference++;
        }

        for (int i = 1; i <= difference && i <= changes.Count; i++)
        {
            changes[^i] = (changes[^i].Rune, 1);
        }

        if (difference < 0 && changes.Count > 0)
        {
            changes[^1] = (changes[^1].Rune, changes[^1].Change + difference);
        }

        return true;
    }
}
