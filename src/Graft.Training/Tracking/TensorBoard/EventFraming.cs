using System.Buffers.Binary;

namespace Graft.Training.Tracking;

/// <summary>The records of a TensorBoard event file (TFRecord): length, masked CRC-32C of the length, data, masked CRC-32C of the data; all little-endian.</summary>
public static class EventFraming
{
    private const int HeaderBytes = 12;
    private const int FooterBytes = 4;

    /// <summary>A record with its frame: 16 bytes more than the data.</summary>
    /// <param name="data">The data.</param>
    public static byte[] Frame(ReadOnlySpan<byte> data)
    {
        byte[] framed = new byte[HeaderBytes + data.Length + FooterBytes];
        BinaryPrimitives.WriteUInt64LittleEndian(framed, (ulong)data.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(framed.AsSpan(8), Masked(framed.AsSpan(0, 8)));
        data.CopyTo(framed.AsSpan(HeaderBytes));
        BinaryPrimitives.WriteUInt32LittleEndian(framed.AsSpan(HeaderBytes + data.Length), Masked(data));
        return framed;
    }

    /// <summary>The records of a file. A record that is cut off at the end, as a killed run leaves it, ends the list without an error; so does TensorBoard.</summary>
    /// <param name="file">The file's bytes.</param>
    /// <exception cref="InvalidDataException">A check does not fit.</exception>
    public static IReadOnlyList<EventRecord> Read(ReadOnlyMemory<byte> file)
    {
        var records = new List<EventRecord>();
        int offset = 0;
        while (file.Length - offset >= HeaderBytes + FooterBytes)
        {
            ReadOnlySpan<byte> header = file.Span.Slice(offset, HeaderBytes);
            ulong length = BinaryPrimitives.ReadUInt64LittleEndian(header);
            uint lengthCheck = BinaryPrimitives.ReadUInt32LittleEndian(header[8..]);
            if (lengthCheck != Masked(header[..8]))
            {
                throw new InvalidDataException($"the length of the event record at byte {offset} does not fit its check: the file is damaged");
            }

            if (length > (ulong)(file.Length - offset - HeaderBytes - FooterBytes))
            {
                break;
            }

            ReadOnlyMemory<byte> data = file.Slice(offset + HeaderBytes, (int)length);
            uint check = BinaryPrimitives.ReadUInt32LittleEndian(file.Span[(offset + HeaderBytes + (int)length)..]);
            if (check != Masked(data.Span))
            {
                throw new InvalidDataException($"the event record at byte {offset} does not fit its check: the file is damaged");
            }

            records.Add(new EventRecord(offset, lengthCheck, check, data));
            offset += HeaderBytes + (int)length + FooterBytes;
        }

        return records;
    }

    /// <summary>A CRC-32C, rotated and shifted: checks of bytes that hold checks would be weak.</summary>
    private static uint Masked(ReadOnlySpan<byte> bytes)
    {
        uint crc = Crc32.Castagnoli.Compute(bytes);
        return ((crc >> 15) | (crc << 17)) + 0xA282EAD8;
    }
}

/// <summary>A record of an event file.</summary>
/// <param name="Offset">Where it begins.</param>
/// <param name="LengthCheck">Masked check of its length.</param>
/// <param name="DataCheck">Masked check of its data.</param>
/// <param name="Data">The data: an <c>Event</c> message.</param>
public readonly record struct EventRecord(int Offset, uint LengthCheck, uint DataCheck, ReadOnlyMemory<byte> Data);
