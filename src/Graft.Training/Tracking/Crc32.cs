namespace Graft.Training.Tracking;

/// <summary>Cyclic redundancy checks of 32 bits, bit-reflected, as ZIP, PNG, LevelDB and TFRecord files use them.</summary>
public sealed class Crc32
{
    private readonly uint[] _table = new uint[256];

    private Crc32(uint polynomial)
    {
        for (uint i = 0; i < _table.Length; i++)
        {
            uint value = i;
            for (int bit = 0; bit < 8; bit++)
            {
                value = (value >> 1) ^ ((value & 1) == 0 ? 0 : polynomial);
            }

            _table[i] = value;
        }
    }

    /// <summary>CRC-32 of zlib: polynomial 0xEDB88320.</summary>
    public static Crc32 Zlib { get; } = new(0xEDB88320);

    /// <summary>CRC-32C: Castagnoli's polynomial 0x82F63B78.</summary>
    public static Crc32 Castagnoli { get; } = new(0x82F63B78);

    /// <summary>The check of some bytes, or of bytes that follow others.</summary>
    /// <param name="bytes">The bytes.</param>
    /// <param name="before">The check of the bytes before them; 0 for none.</param>
    public uint Compute(ReadOnlySpan<byte> bytes, uint before = 0)
    {
        uint crc = ~before;
        foreach (byte b in bytes)
        {
            crc = _table[(byte)(crc ^ b)] ^ (crc >> 8);
        }

        return ~crc;
    }
}
