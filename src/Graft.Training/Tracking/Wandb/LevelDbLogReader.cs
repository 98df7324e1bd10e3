using System.Buffers.Binary;

namespace Graft.Training.Tracking;

/// <summary>Which part of a record a fragment is.</summary>
public enum LogFragmentType
{
    /// <summary>The whole record.</summary>
    Full = 1,

    /// <summary>Its beginning.</summary>
    First = 2,

    /// <summary>A part between.</summary>
    Middle = 3,

    /// <summary>Its end.</summary>
    Last = 4,
}

/// <summary>A fragment of a log record.</summary>
/// <param name="Offset">Where its header begins in the file.</param>
/// <param name="Check">Its CRC-32.</param>
/// <param name="Length">Bytes of data.</param>
/// <param name="Type">Which part it is.</param>
public readonly record struct LogFragment(int Offset, uint Check, int Length, LogFragmentType Type);

/// <summary>A record of a log.</summary>
/// <param name="Fragments">Where its parts lie.</param>
/// <param name="Data">The record.</param>
public sealed record LogRecord(IReadOnlyList<LogFragment> Fragments, ReadOnlyMemory<byte> Data);

/// <summary>Reads what <see cref="LevelDbLogWriter"/> writes.</summary>
public static class LevelDbLogReader
{
    /// <summary>The records of a .wandb file. What is cut off at the end, as a killed run leaves it, is left out without an error.</summary>
    /// <param name="file">The file's bytes.</param>
    /// <exception cref="InvalidDataException">No .wandb file, a check that does not fit, or fragments out of order.</exception>
    public static IReadOnlyList<LogRecord> Read(ReadOnlySpan<byte> file)
    {
        ReadOnlySpan<byte> header = LevelDbLogWriter.FileHeader;
        if (!file.StartsWith(header))
        {
            throw new InvalidDataException("this is no .wandb file of version 0: its first bytes are not ':W&B'");
        }

        var records = new List<LogRecord>();
        var fragments = new List<LogFragment>();
        var data = new List<byte>();
        int offset = header.Length;
        while (Next(file, ref offset) is { } fragment)
        {
            bool begins = fragment.Type is LogFragmentType.Full or LogFragmentType.First;
            if (begins == fragments.Count > 0)
            {
                throw new InvalidDataException($"the fragment at byte {fragment.Offset} {(begins ? "begins a record inside another one" : "goes on with a record that has no beginning")}");
            }

            fragments.Add(fragment);
            data.AddRange(file.Slice(fragment.Offset + LevelDbLogWriter.FragmentHeaderBytes, fragment.Length));
            if (fragment.Type is LogFragmentType.Full or LogFragmentType.Last)
            {
                records.Add(new LogRecord([.. fragments], data.ToArray()));
                fragments.Clear();
                data.Clear();
            }
        }

        return records;
    }

    private static LogFragment? Next(ReadOnlySpan<byte> file, ref int offset)
    {
        int room = LevelDbLogWriter.BlockBytes - (offset % LevelDbLogWriter.BlockBytes);
        if (room < LevelDbLogWriter.FragmentHeaderBytes)
        {
            offset += room;
            room = LevelDbLogWriter.BlockBytes;
        }

        if (offset > file.Length - LevelDbLogWriter.FragmentHeaderBytes)
        {
            return null;
        }

        ReadOnlySpan<byte> header = file[offset..];
        var fragment = new LogFragment(offset, BinaryPrimitives.ReadUInt32LittleEndian(header), BinaryPrimitives.ReadUInt16LittleEndian(header[4..]), (LogFragmentType)header[6]);
        if (!Enum.IsDefined(fragment.Type) || fragment.Length > room - LevelDbLogWriter.FragmentHeaderBytes)
        {
            throw new InvalidDataException($"at byte {offset} there is no fragment: type {header[6]}, length {fragment.Length}");
        }

        offset += LevelDbLogWriter.FragmentHeaderBytes + fragment.Length;
        if (offset > file.Length)
        {
            return null;
        }

        return fragment.Check == LevelDbLogWriter.CheckOf(fragment.Type, header.Slice(LevelDbLogWriter.FragmentHeaderBytes, fragment.Length))
            ? fragment
            : throw new InvalidDataException($"the fragment at byte {fragment.Offset} does not fit its check: the file is damaged");
    }
}
