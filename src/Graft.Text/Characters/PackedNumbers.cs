namespace Graft.Text.Characters;

/// <summary>Reads the LEB128 numbers of a generated table.</summary>
internal ref struct PackedNumbers
{
    private readonly ReadOnlySpan<byte> _bytes;
    private int _position;

    /// <summary>Starts at the beginning of a table in base64.</summary>
    internal PackedNumbers(string base64)
    {
        _bytes = Convert.FromBase64String(base64);
    }

    /// <summary>Whether another number follows.</summary>
    internal readonly bool HasMore => _position < _bytes.Length;

    /// <summary>The next number.</summary>
    internal int Next()
    {
        int value = 0;
        for (int shift = 0; ; shift += 7)
        {
            byte part = _bytes[_position++];
            value |= (part & 0x7F) << shift;
            if (part < 0x80)
            {
                return value;
            }
        }
    }

    /// <summary>Every (gap, length - 1) pair of the table as a set.</summary>
    internal static CharacterSet ReadSet(string base64)
    {
        var numbers = new PackedNumbers(base64);
        var ranges = new List<int>();
        int next = 0;
        while (numbers.HasMore)
        {
            int first = next + numbers.Next();
            int last = first + numbers.Next();
            ranges.Add(first);
            ranges.Add(last);
            next = last + 1;
        }

        return new CharacterSet(ranges.ToArray());
    }
}
