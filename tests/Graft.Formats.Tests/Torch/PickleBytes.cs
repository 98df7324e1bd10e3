using System.Buffers.Binary;
using System.Text;

namespace Graft.Formats.Tests;

/// <summary>Writes pickles opcode by opcode, sound or not.</summary>
internal sealed class PickleBytes
{
    private readonly List<byte> _bytes = [];

    public PickleBytes(byte protocol = 2) => Raw(0x80, protocol);

    public byte[] ToArray() => [.. _bytes];

    public byte[] Stop() => Raw((byte)'.').ToArray();

    public PickleBytes Raw(params byte[] bytes)
    {
        _bytes.AddRange(bytes);
        return this;
    }

    public PickleBytes Op(char opcode) => Raw((byte)opcode);

    public PickleBytes Mark() => Op('(');

    public PickleBytes Text(string text)
    {
        byte[] utf8 = Encoding.UTF8.GetBytes(text);
        byte[] length = new byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(length, utf8.Length);
        return Op('X').Raw(length).Raw(utf8);
    }

    public PickleBytes Global(string module, string name) => Op('c').Raw(Encoding.UTF8.GetBytes($"{module}\n{name}\n"));

    public PickleBytes Number(long value)
    {
        if (value is >= int.MinValue and <= int.MaxValue)
        {
            byte[] small = new byte[4];
            BinaryPrimitives.WriteInt32LittleEndian(small, (int)value);
            return Op('J').Raw(small);
        }

        byte[] bytes = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, value);
        return Raw(0x8a, 8).Raw(bytes);
    }

    public PickleBytes Numbers(params long[] values)
    {
        Mark();
        foreach (long value in values)
        {
            Number(value);
        }

        return Op('t');
    }

    /// <summary>A tensor of a storage, as torch.save writes it.</summary>
    public PickleBytes Tensor(string storageClass, string key, long count, long offset, long[] size, long[] stride, bool legacy = false)
    {
        Global("torch._utils", "_rebuild_tensor_v2").Mark();
        Mark().Text("storage").Global("torch", storageClass).Text(key).Text("cuda:7").Number(count);
        if (legacy)
        {
            Op('N');
        }

        Op('t').Op('Q').Number(offset).Numbers(size).Numbers(stride).Raw(0x89);
        return Global("collections", "OrderedDict").Op(')').Op('R').Op('t').Op('R');
    }
}
