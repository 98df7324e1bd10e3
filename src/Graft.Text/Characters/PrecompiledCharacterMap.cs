using System.Buffers.Binary;

namespace Graft.Text.Characters;

/// <summary>
/// The normalization rules that SentencePiece compiles into its models: a double array (as Darts-clone lays it out) from UTF-8
/// strings to offsets into a list of zero-terminated replacements.
/// </summary>
internal sealed class PrecompiledCharacterMap
{
    private readonly uint[] _units;
    private readonly byte[] _replacements;

    /// <summary>Reads a map: the size of the array in bytes, the array, the replacements.</summary>
    /// <exception cref="InvalidDataException">The blob is too short for what it says.</exception>
    internal PrecompiledCharacterMap(ReadOnlySpan<byte> blob)
    {
        uint size = blob.Length >= 4 ? BinaryPrimitives.ReadUInt32LittleEndian(blob) : uint.MaxValue;
        if (size > blob.Length - 4 || size % 4 != 0 || size == 0)
        {
            throw new InvalidDataException($"a precompiled character map of {blob.Length} bytes claims an array of {size} bytes; the file is damaged");
        }

        _units = new uint[size / 4];
        for (int i = 0; i < _units.Length; i++)
        {
            _units[i] = BinaryPrimitives.ReadUInt32LittleEndian(blob[(4 + (4 * i))..]);
        }

        _replacements = blob[(4 + (int)size)..].ToArray();
    }

    /// <summary>The replacement of the longest (or, for <paramref name="shortest"/>, the shortest) rule that the UTF-8 text begins with.</summary>
    internal bool TryFind(ReadOnlySpan<byte> text, bool shortest, out int length, out ReadOnlySpan<byte> replacement)
    {
        length = 0;
        int value = 0;
        uint node = Offset(_units[0]);
        for (int i = 0; i < text.Length && text[i] != 0; i++)
        {
            node ^= text[i];
            if (node >= _units.Length || (_units[node] & 0x800000FF) != text[i])
            {
                break;
            }

            uint unit = _units[node];
            node ^= Offset(unit);
            if ((unit & 0x100) != 0 && node < _units.Length)
            {
                (length, value) = (i + 1, (int)(_units[node] & 0x7FFFFFFF));
                if (shortest)
                {
                    break;
                }
            }
        }

        replacement = length > 0 && value < _replacements.Length ? _replacements.AsSpan(value) : default;
        int end = replacement.IndexOf((byte)0);
        replacement = end >= 0 ? replacement[..end] : replacement;
        return length > 0;
    }

    private static uint Offset(uint unit) => (unit >> 10) << (int)((unit & 0x200) >> 6);
}
