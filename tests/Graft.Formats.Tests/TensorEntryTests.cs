using System.Runtime.InteropServices;
using Graft.Tensors;

namespace Graft.Formats.Tests;

public sealed class TensorEntryTests
{
    [Fact]
    public void Numbers_of_every_type_become_singles()
    {
        Check<double>(DType.Float64, [1.5, -0.0, 1e300, 0.1], [1.5f, -0f, float.PositiveInfinity, 0.1f]);
        Check<Half>(DType.Float16, [(Half)1.5f, Half.NegativeZero, Half.Epsilon, Half.NegativeInfinity], [1.5f, -0f, (float)Half.Epsilon, float.NegativeInfinity]);
        Check<long>(DType.Int64, [long.MinValue, 16777217], [-9223372036854775808f, 16777216f]);
        Check<int>(DType.Int32, [int.MinValue, 3], [-2147483648f, 3f]);
        Check<short>(DType.Int16, [short.MinValue, 3], [-32768f, 3f]);
        Check<sbyte>(DType.Int8, [sbyte.MinValue, 3], [-128f, 3f]);
        Check<ulong>(DType.UInt64, [ulong.MaxValue, 3], [18446744073709551616f, 3f]);
        Check<uint>(DType.UInt32, [uint.MaxValue, 3], [4294967296f, 3f]);
        Check<ushort>(DType.UInt16, [ushort.MaxValue, 3], [65535f, 3f]);
        Check<byte>(DType.UInt8, [255, 3], [255f, 3f]);
        Check<byte>(DType.Bool, [0, 1, 2], [0f, 1f, 1f]);
        Check<float>(DType.Float32, [float.MinValue, -0f], [float.MinValue, -0f]);
    }

    [Fact]
    public void Bfloat16_of_every_length_and_alignment()
    {
        for (int length = 0; length < 40; length++)
        {
            float[] values = [.. Enumerable.Range(0, length).Select(i => (i - 20) * 0.5f)];
            Check(DType.BFloat16, [.. values.Select(BFloat16.FromSingle)], values);
        }
    }

    [Theory]
    [InlineData(DType.Float8E4M3)]
    [InlineData(DType.Float8E5M2)]
    [InlineData(DType.Float8E8M0)]
    [InlineData(DType.Complex64)]
    public void Other_types_are_refused_by_name(DType dtype)
    {
        using var folder = new TemporaryFolder();
        SafetensorsWriter.Write(folder.File("a"), [TensorSource.FromBytes("odd", dtype, [1], new byte[dtype.SizeInBytes()])]);
        using SafetensorsFile file = SafetensorsFile.Open(folder.File("a"));
        string message = Assert.Throws<NotSupportedException>(() => file.Tensors[0].ToSingles()).Message;
        Assert.Contains("'odd'", message);
        Assert.Contains(dtype.ToString(), message);
    }

    [Fact]
    public void The_destination_must_have_the_right_length()
    {
        using var folder = new TemporaryFolder();
        SafetensorsWriter.Write(folder.File("a"), [TensorSource.FromSingles("w", [2], new float[2])]);
        using SafetensorsFile file = SafetensorsFile.Open(folder.File("a"));
        Assert.Throws<ArgumentException>(() => file.Tensors[0].CopyTo(new float[3]));
        Assert.Equal("w Float32 [2]", file.Tensors[0].ToString());
    }

    private static void Check<T>(DType dtype, T[] values, float[] expected)
        where T : unmanaged
    {
        using var folder = new TemporaryFolder();
        byte[] bytes = MemoryMarshal.AsBytes(values.AsSpan()).ToArray();
        SafetensorsWriter.Write(folder.File("aligned"), [TensorSource.FromBytes("w", dtype, [values.Length], bytes)]);
        byte[] odd = SafetensorsBytes.Make(System.Text.Encoding.UTF8.GetBytes(SafetensorsBytes.HeaderOf(File.ReadAllBytes(folder.File("aligned"))) + " "), bytes);
        folder.Write("odd", odd);
        foreach (string name in folder.Names().ToList())
        {
            using SafetensorsFile file = SafetensorsFile.Open(folder.File(name));
            Assert.Equal(expected.Select(BitConverter.SingleToInt32Bits), file.Tensors[0].ToSingles().Select(BitConverter.SingleToInt32Bits));
        }
    }
}
