using System.Text;

namespace Graft.Formats.Tests;

/// <summary>Puts GGUF files together by hand, sound or not.</summary>
internal sealed class GgufBytes
{
    private readonly List<byte> _metadata = [];
    private readonly List<byte> _infos = [];
    private ulong _entries;
    private ulong _tensors;

    public uint Version { get; set; } = 3;

    public int Alignment { get; set; } = 32;

    public ulong ExtraEntries { get; set; }

    public ulong ExtraTensors { get; set; }

    public static byte[] Text(string text) => Text(Encoding.UTF8.GetBytes(text));

    public static byte[] Text(byte[] utf8) => [.. BitConverter.GetBytes((ulong)utf8.Length), .. utf8];

    public static byte[] Array(uint type, ulong count, params byte[] elements) => [.. BitConverter.GetBytes(type), .. BitConverter.GetBytes(count), .. elements];

    public GgufBytes Entry(string key, uint type, params byte[] value) => Entry(Encoding.UTF8.GetBytes(key), type, value);

    public GgufBytes Entry(byte[] key, uint type, params byte[] value)
    {
        _metadata.AddRange([.. Text(key), .. BitConverter.GetBytes(type), .. value]);
        _entries++;
        return this;
    }

    public GgufBytes Tensor(string name, uint type, ulong offset, params ulong[] dimensions)
    {
        _infos.AddRange([.. Text(name), .. BitConverter.GetBytes(dimensions.Length), .. dimensions.SelectMany(BitConverter.GetBytes), .. BitConverter.GetBytes(type), .. BitConverter.GetBytes(offset)]);
        _tensors++;
        return this;
    }

    public byte[] ToArray(byte[] data)
    {
        List<byte> file = [.. "GGUF"u8, .. BitConverter.GetBytes(Version), .. BitConverter.GetBytes(_tensors + ExtraTensors), .. BitConverter.GetBytes(_entries + ExtraEntries), .. _metadata, .. _infos];
        while (file.Count % Alignment != 0)
        {
            file.Add(0);
        }

        return [.. file, .. data];
    }
}
