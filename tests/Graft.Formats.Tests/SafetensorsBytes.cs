using System.Buffers.Binary;
using System.Text;

namespace Graft.Formats.Tests;

/// <summary>Puts safetensors files together by hand, sound or not.</summary>
internal static class SafetensorsBytes
{
    public static byte[] Make(string header, int dataLength = 16) => Make(Encoding.UTF8.GetBytes(header), new byte[dataLength]);

    public static byte[] Make(byte[] header, byte[] data)
    {
        byte[] length = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(length, header.Length);
        return [.. length, .. header, .. data];
    }

    public static string HeaderOf(byte[] file) => Encoding.UTF8.GetString(file, 8, (int)BinaryPrimitives.ReadInt64LittleEndian(file));
}
