using System.Buffers.Binary;

namespace Graft.Training.Tracking;

/// <summary>
/// Writes records as a LevelDB log (LevelDB, Log Format), with W&amp;B's file header and its plain CRC-32: blocks of 32 KiB, a record in one fragment or in several, no fragment across a block's end.
/// </summary>
/// <param name="stream">Where to write, at its beginning. Each record is one write.</param>
public sealed class LevelDbLogWriter(Stream stream)
{
    /// <summary>Bytes of a block.</summary>
    public const int BlockBytes = 32768;

    /// <summary>Bytes before a fragment's data: check, length, type.</summary>
    internal const int FragmentHeaderBytes = 7;

    private long _position;

    private static ReadOnlySpan<byte> BlockEnd => [0, 0, 0, 0, 0, 0];

    /// <summary>What a .wandb file begins with: its name, a magic number and version 0. These bytes belong to the first block.</summary>
    public static ReadOnlySpan<byte> FileHeader => [(byte)':', (byte)'W', (byte)'&', (byte)'B', 0xE1, 0xBE, 0];

    /// <summary>Writes a record.</summary>
    /// <param name="data">The record; may be empty.</param>
    /// <exception cref="IOException">The disk is full, or gone.</exception>
    public void Write(ReadOnlySpan<byte> data)
    {
        using var bytes = new MemoryStream();
        if (_position == 0)
        {
            bytes.Write(FileHeader);
        }

        bool isFirst = true;
        bool isLast;
        do
        {
            int room = BlockBytes - (int)((_position + bytes.Length) % BlockBytes);
            if (room < FragmentHeaderBytes)
            {
                bytes.Write(BlockEnd[..room]);
                room = BlockBytes;
            }

            int length = Math.Min(data.Length, room - FragmentHeaderBytes);
            isLast = length == data.Length;
            WriteFragment(bytes, TypeOf(isFirst, isLast), data[..length]);
            data = data[length..];
            isFirst = false;
        }
        while (!isLast);

        stream.Write(bytes.GetBuffer(), 0, (int)bytes.Length);
        _position += bytes.Length;
    }

    /// <summary>The check of a fragment: of its type and its data.</summary>
    internal static uint CheckOf(LogFragmentType type, ReadOnlySpan<byte> data) => Crc32.Zlib.Compute(data, Crc32.Zlib.Compute([(byte)type]));

    private static LogFragmentType TypeOf(bool isFirst, bool isLast) => (isFirst, isLast) switch
    {
        (true, true) => LogFragmentType.Full,
        (true, false) => LogFragmentType.First,
        (false, false) => LogFragmentType.Middle,
        _ => LogFragmentType.Last,
    };

    private static void WriteFragment(MemoryStream bytes, LogFragmentType type, ReadOnlySpan<byte> data)
    {
        Span<byte> header = stackalloc byte[FragmentHeaderBytes];
        BinaryPrimitives.WriteUInt32LittleEndian(header, CheckOf(type, data));
        BinaryPrimitives.WriteUInt16LittleEndian(header[4..], (ushort)data.Length);
        header[6] = (byte)type;
        bytes.Write(header);
        bytes.Write(data);
    }
}
