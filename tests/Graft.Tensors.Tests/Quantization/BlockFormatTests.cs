using Graft.Tensors.Kernels;

namespace Graft.Tensors.Tests;

/// <summary>ggml's block formats: what bytes mean, stretches that begin and end anywhere, encoding.</summary>
public sealed unsafe class BlockFormatTests : IDisposable
{
    public static TheoryData<string> Names => [.. BlockFormat.All.Select(format => format.Name)];

    public void Dispose() => InstructionSet.Current = InstructionSet.Best;

    [Theory]
    [MemberData(nameof(Names))]
    public void Vectors_give_the_bits_of_the_reference(string name)
    {
        QuantizedMatrix matrix = QuantizedSamples.Create(name, 3, 512, seed: 6);
        InstructionSet.Current = Isa.Scalar;
        float[] expected = new Parameter("w", [3, 512], matrix).ToArray();
        Assert.All(expected, value => Assert.True(float.IsFinite(value)));
        Assert.True(expected.Distinct().Count() > 2);
        InstructionSet.Current = InstructionSet.Best;
        Assert.Equal(expected, new Parameter("w", [3, 512], matrix).ToArray());
        float[] part = new float[512];
        for (int column = 0; column < 512; column += 13)
        {
            for (int count = 1; column + count <= 512; count += 29)
            {
                fixed (float* destination = part)
                {
                    matrix.Decode(InstructionSet.Best >= Isa.Avx2, 1, column, count, destination);
                }

                Assert.Equal(expected.AsSpan(512 + column, count).ToArray(), part.AsSpan(0, count).ToArray());
            }
        }
    }

    [Fact]
    public void Bytes_mean_what_ggml_says()
    {
        // Q4_0: scale 0.5, element 0 in the lower half of the first byte, 16 in its upper half.
        float[] values = Decode("Q4_0", [0x00, 0x38, 0x1F, .. new byte[15]]);
        Assert.Equal((3.5f, -3.5f, -4), (values[0], values[16], values[1]));

        values = Decode("Q8_0", [0x00, 0x3C, 0x80, 0x7F, .. new byte[30]]);
        Assert.Equal((-128, 127, 0), (values[0], values[1], values[2]));

        // Q4_K: d = 2, m = 1; scale 3 and minimum 5 for group 0; the first codes are 9 and, of group 1, 6 with scale and minimum 0.
        byte[] block = new byte[144];
        (block[1], block[3], block[4], block[8], block[16]) = (0x40, 0x3C, 3, 5, 0x69);
        values = Decode("Q4_K", block);
        Assert.Equal(((2 * 3 * 9) - 5, -5, 0), (values[0], values[1], values[32]));

        // Q6_K: d = 1; scale -2 for elements 0 to 15; low bits 7, high bits 2: (7 | 32) - 32 = 7.
        block = new byte[210];
        (block[0], block[128], block[192], block[209]) = (0x07, 0x02, unchecked((byte)-2), 0x3C);
        values = Decode("Q6_K", block);
        Assert.Equal((-14, 64, 0), (values[0], values[1], values[16]));

        // TQ1_0: the byte 0xFF is 22222 in base 3, up to the last digit.
        block = new byte[54];
        (block[0], block[53]) = (0xFF, 0x3C);
        values = Decode("TQ1_0", block);
        Assert.Equal((1, 1, 1, 1, 1, -1), (values[0], values[32], values[64], values[96], values[128], values[1]));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void What_is_encoded_comes_back(string name)
    {
        BlockFormat format = BlockFormat.Find(name)!;
        WeightView values = TestData.Parameter("w", TestData.Uniform(5 * 512, 3), 5, 512).View;
        if (!format.CanEncode)
        {
            NotSupportedException e = Assert.Throws<NotSupportedException>(() => BlockMatrix.Encode(values, format));
            Assert.Contains(name, e.Message, StringComparison.Ordinal);
            return;
        }

        BlockMatrix matrix = BlockMatrix.Encode(values, format);
        float[] decoded = new Parameter("w", [5, 512], matrix).ToArray();
        float worst = name switch { "Q8_0" => 0.005f, "Q5_0" or "Q5_1" => 0.07f, "Q4_0" or "Q4_1" => 0.14f, "MXFP4" => 0.34f, _ => 0.51f };
        for (int i = 0; i < decoded.Length; i++)
        {
            float value = WeightDecoder.Read(values, i);
            Assert.InRange(decoded[i], value - worst, value + worst);
        }

        // What has been rounded once does not move any more.
        WeightView again = TestData.Parameter("w", decoded, 5, 512).View;
        float[] twice = new Parameter("w", [5, 512], BlockMatrix.Encode(again, format)).ToArray();
        Assert.All(decoded.Zip(twice), pair => Assert.InRange(pair.Second, pair.First - 1e-3f, pair.First + 1e-3f));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Zeros_are_encoded_as_zeros(string name)
    {
        BlockFormat format = BlockFormat.Find(name)!;
        if (format.CanEncode)
        {
            BlockMatrix matrix = BlockMatrix.Encode(TestData.Parameter("w", new float[256], 1, 256).View, format);
            Assert.All(new Parameter("w", [1, 256], matrix).ToArray(), value => Assert.Equal(0, value));
        }
    }

    [Fact]
    public void Rows_that_are_not_whole_blocks_are_refused()
    {
        ArgumentException e = Assert.Throws<ArgumentException>(() => new BlockMatrix(BlockFormat.Find("Q4_K")!, 2, 320, null, null));
        Assert.Contains("256", e.Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => new BlockMatrix(BlockFormat.Find("Q4_0")!, 2, 64, null, null, [0]));
        Assert.Throws<ArgumentException>(() => new BlockMatrix(BlockFormat.Find("Q4_0")!, 2, 64, null, null, [0, 2]));
    }

    [Fact]
    public void Rows_may_be_in_another_order()
    {
        BlockMatrix stored = BlockMatrix.Encode(TestData.Parameter("w", TestData.Uniform(3 * 32, 3), 3, 32).View, BlockFormat.Find("Q8_0")!);
        var reordered = new BlockMatrix(stored.BlockFormat, 3, 32, (byte*)new WeightView(stored).Data, stored, [2, 0, 1]);
        float[] values = new Parameter("w", [3, 32], stored).ToArray();
        Assert.Equal([.. values[64..], .. values[..64]], new Parameter("w", [3, 32], reordered).ToArray());
    }

    private static float[] Decode(string name, byte[] block)
    {
        BlockFormat format = BlockFormat.Find(name)!;
        fixed (byte* data = block)
        {
            return new Parameter("w", [1, format.BlockElements], new BlockMatrix(format, 1, format.BlockElements, data, null)).ToArray();
        }
    }
}
