using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;

namespace Graft.Formats;

/// <summary>A cursor over a GGUF file. Every length and count is checked against what is left before anything is allocated.</summary>
internal sealed class GgufReader(MappedFile file)
{
    private const int MaximumDepth = 4;
    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Bytes consumed.</summary>
    public long Position { get; private set; }

    /// <summary>Unsigned 32 bits.</summary>
    public uint UInt32(string what) => BinaryPrimitives.ReadUInt32LittleEndian(Take(sizeof(uint), what));

    /// <summary>Unsigned 64 bits.</summary>
    public ulong UInt64(string what) => BinaryPrimitives.ReadUInt64LittleEndian(Take(sizeof(ulong), what));

    /// <summary>A count of things that take at least <paramref name="leastBytes"/> each; more than the file can hold are refused.</summary>
    public int Count(ulong announced, int leastBytes, string what)
    {
        long most = (file.Length - Position) / leastBytes;
        if (announced > (ulong)Math.Min(most, int.MaxValue / Math.Max(leastBytes, sizeof(ulong))))
        {
            throw Invalid($"{what} are {announced}, but the {file.Length - Position} bytes left hold at most {most}. It is truncated or damaged; download it again");
        }

        return (int)announced;
    }

    /// <summary>A string: 64-bit length, UTF-8.</summary>
    public string Text(string what)
    {
        int length = Count(UInt64(what), 1, $"the bytes of {what}");
        try
        {
            return StrictUtf8.GetString(Take(length, what));
        }
        catch (DecoderFallbackException)
        {
            throw Invalid($"{what} is not valid UTF-8");
        }
    }

    /// <summary>A metadata value: its type, then itself.</summary>
    /// <param name="key">Its key, for messages.</param>
    public GgufValue Value(string key) => Value(Type(key), key, depth: 0);

    /// <summary>An error at the present position.</summary>
    public InvalidDataException Invalid(string what) => new($"'{file.Path}' cannot be read as GGUF, byte {Position}: {what}.");

    private GgufValueType Type(string key)
    {
        uint type = UInt32($"the type of '{key}'");
        return type <= (uint)GgufValueType.Float64 ? (GgufValueType)type : throw Invalid($"'{key}' has the unknown value type {type}");
    }

    private GgufValue Value(GgufValueType type, string key, int depth) => type switch
    {
        GgufValueType.Array => ArrayOf(key, depth + 1),
        GgufValueType.String => new GgufValue(type, null, Text($"'{key}'")),
        _ => new GgufValue(type, null, Scalar(type, Take(SizeOf(type), $"'{key}'"))),
    };

    private GgufValue ArrayOf(string key, int depth)
    {
        if (depth > MaximumDepth)
        {
            throw Invalid($"'{key}' holds arrays nested deeper than {MaximumDepth}");
        }

        GgufValueType type = Type(key);
        int least = type switch
        {
            GgufValueType.String => sizeof(ulong),
            GgufValueType.Array => sizeof(uint) + sizeof(ulong),
            _ => SizeOf(type),
        };
        int count = Count(UInt64($"the length of '{key}'"), least, $"the elements of '{key}'");
        return new GgufValue(GgufValueType.Array, type, Elements(type, count, key, depth));
    }

    private object Elements(GgufValueType type, int count, string key, int depth)
    {
        switch (type)
        {
            case GgufValueType.String:
                var texts = new string[count];
                for (int i = 0; i < count; i++)
                {
                    texts[i] = Text($"'{key}'[{i}]");
                }

                return texts;
            case GgufValueType.Array:
                var arrays = new GgufValue[count];
                for (int i = 0; i < count; i++)
                {
                    arrays[i] = ArrayOf(key, depth + 1);
                }

                return arrays;
            default:
                return Scalars(type, count, key);
        }
    }

    private object Scalars(GgufValueType type, int count, string key) => type switch
    {
        GgufValueType.UInt8 => Numbers<byte>(count, key),
        GgufValueType.Int8 => Numbers<sbyte>(count, key),
        GgufValueType.UInt16 => Numbers<ushort>(count, key),
        GgufValueType.Int16 => Numbers<short>(count, key),
        GgufValueType.UInt32 => Numbers<uint>(count, key),
        GgufValueType.Int32 => Numbers<int>(count, key),
        GgufValueType.Float32 => Numbers<float>(count, key),
        GgufValueType.UInt64 => Numbers<ulong>(count, key),
        GgufValueType.Int64 => Numbers<long>(count, key),
        GgufValueType.Float64 => Numbers<double>(count, key),

        // One by one: the bytes of a bool must be 0 or 1 in memory, and in files need not be.
        _ => Array.ConvertAll(Numbers<byte>(count, key), value => value != 0),
    };

    private T[] Numbers<T>(int count, string key)
        where T : unmanaged
    {
        var values = new T[count];
        Span<byte> bytes = MemoryMarshal.AsBytes(values.AsSpan());
        Take(bytes.Length, $"'{key}'").CopyTo(bytes);
        return values;
    }

    private static object Scalar(GgufValueType type, ReadOnlySpan<byte> bytes) => type switch
    {
        GgufValueType.UInt8 => bytes[0],
        GgufValueType.Int8 => (sbyte)bytes[0],
        GgufValueType.UInt16 => BinaryPrimitives.ReadUInt16LittleEndian(bytes),
        GgufValueType.Int16 => BinaryPrimitives.ReadInt16LittleEndian(bytes),
        GgufValueType.UInt32 => BinaryPrimitives.ReadUInt32LittleEndian(bytes),
        GgufValueType.Int32 => BinaryPrimitives.ReadInt32LittleEndian(bytes),
        GgufValueType.Float32 => BinaryPrimitives.ReadSingleLittleEndian(bytes),
        GgufValueType.Bool => bytes[0] != 0,
        GgufValueType.UInt64 => BinaryPrimitives.ReadUInt64LittleEndian(bytes),
        GgufValueType.Int64 => BinaryPrimitives.ReadInt64LittleEndian(bytes),
        _ => BinaryPrimitives.ReadDoubleLittleEndian(bytes),
    };

    private static int SizeOf(GgufValueType type) => type switch
    {
        GgufValueType.UInt8 or GgufValueType.Int8 or GgufValueType.Bool => 1,
        GgufValueType.UInt16 or GgufValueType.Int16 => 2,
        GgufValueType.UInt32 or GgufValueType.Int32 or GgufValueType.Float32 => 4,
        _ => 8,
    };

    private ReadOnlySpan<byte> Take(int length, string what)
    {
        if (length > file.Length - Position)
        {
            throw Invalid($"{what} takes {length} bytes, but {file.Length - Position} are left. It is truncated or damaged; download it again");
        }

        ReadOnlySpan<byte> taken = file.Slice(Position, length);
        Position += length;
        return taken;
    }
}
