using System.Buffers.Binary;
using System.IO.Compression;
using System.Numerics;
using System.Runtime.InteropServices;

namespace Graft.Formats.Tests;

/// <summary>Puts torch files together by hand, sound or not.</summary>
internal static class TorchBytes
{
    public static readonly float[] Values = [0, 1, 2, 3, 4, 5];

    public static byte[] Data => MemoryMarshal.AsBytes(Values.AsSpan()).ToArray();

    public static byte[] Zip(byte[] pickle, params (string Name, byte[] Bytes)[] storages)
        => Archive(CompressionLevel.NoCompression, [("archive/data.pkl", pickle), ("archive/version", "3\n"u8.ToArray()), .. storages.Select(storage => ($"archive/data/{storage.Name}", storage.Bytes))]);

    public static byte[] Archive(CompressionLevel level, params (string Name, byte[] Bytes)[] records)
    {
        var bytes = new MemoryStream();
        using (var zip = new ZipArchive(bytes, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach ((string name, byte[] content) in records)
            {
                using Stream entry = zip.CreateEntry(name, level).Open();
                entry.Write(content);
            }
        }

        return bytes.ToArray();
    }

    public static byte[] Legacy(byte[] pickle, params (string Name, long Count, byte[] Bytes)[] storages)
    {
        byte[] magic = BigInteger.Parse("119547037146038801333356").ToByteArray();
        var keys = new PickleBytes().Op(']').Mark();
        foreach ((string name, _, _) in storages)
        {
            keys.Text(name);
        }

        byte[] head =
        [
            .. new PickleBytes().Raw(0x8a, (byte)magic.Length).Raw(magic).Stop(),
            .. new PickleBytes().Number(1001).Stop(),
            .. new PickleBytes().Op('}').Text("little_endian").Raw(0x88).Op('s').Stop(),
            .. pickle,
            .. keys.Op('e').Stop(),
        ];
        var file = new MemoryStream();
        file.Write(head);
        foreach ((_, long count, byte[] bytes) in storages)
        {
            byte[] length = new byte[8];
            BinaryPrimitives.WriteInt64LittleEndian(length, count);
            file.Write(length);
            file.Write(bytes);
        }

        return file.ToArray();
    }

    /// <summary>A state dict of a matrix, its transpose, and a vector.</summary>
    public static byte[] StateDict(bool legacy)
    {
        var pickle = new PickleBytes().Global("collections", "OrderedDict").Op(')').Op('R').Op('q').Raw(1).Mark();
        pickle.Text("weight").Tensor("FloatStorage", "0", 6, 0, [2, 3], [3, 1], legacy);
        pickle.Text("transposed").Tensor("FloatStorage", "0", 6, 0, [3, 2], [1, 3], legacy);
        pickle.Text("bias").Tensor("FloatStorage", "1", 6, 4, [2], [1], legacy);
        byte[] bytes = pickle.Op('u').Op('}').Text("_metadata").Op('}').Op('s').Op('b').Stop();
        return legacy ? Legacy(bytes, ("0", 6, Data), ("1", 6, Data)) : Zip(bytes, ("0", Data), ("1", Data));
    }
}
