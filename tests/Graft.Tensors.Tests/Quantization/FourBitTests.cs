using Graft.Tensors.Kernels;
using Graft.Tensors.Threading;

namespace Graft.Tensors.Tests;

/// <summary>4-bit codes, scales and decoded values against the definition, written out.</summary>
public sealed unsafe class FourBitTests : IDisposable
{
    private readonly int _workers = WorkerPool.Shared.WorkerCount;

    public static TheoryData<Isa> InstructionSets => GemmTests.InstructionSets;

    public void Dispose()
    {
        InstructionSet.Current = InstructionSet.Best;
        WorkerPool.Resize(_workers);
    }

    [Theory]
    [MemberData(nameof(InstructionSets))]
    public void Codes_and_scales_follow_the_definition(Isa isa)
    {
        InstructionSet.Current = isa;
        foreach (FourBitType type in Enum.GetValues<FourBitType>())
        {
            foreach ((int rows, int columns, int blockSize) in new[] { (1, 1, 64), (1, 63, 64), (1, 64, 64), (3, 65, 64), (5, 13, 32), (7, 300, 256), (40, 1030, 4096), (9, 96, 32) })
            {
                foreach (DType dtype in new[] { DType.Float32, DType.BFloat16, DType.Float16 })
                {
                    Check(TestData.Uniform(rows * columns, (ulong)(rows + columns), 3), rows, columns, blockSize, type, dtype);
                }
            }
        }
    }

    [Theory]
    [MemberData(nameof(InstructionSets))]
    public void Ties_zeros_and_tiny_numbers(Isa isa)
    {
        InstructionSet.Current = isa;
        foreach (FourBitType type in Enum.GetValues<FourBitType>())
        {
            float[] sorted = [.. CodeTables.Of(type).ToArray().Order()];
            float[] values = new float[192];
            values[0] = 1;
            for (int i = 0; i < 15; i++)
            {
                float middle = (sorted[i] + sorted[i + 1]) / 2;
                (values[1 + i], values[17 + i], values[33 + i]) = (middle, MathF.BitIncrement(middle), MathF.BitDecrement(middle));
            }

            values[60] = -1e-42f;
            values[61] = float.Epsilon;
            values[130] = 3e-39f; // the third block is all but zero, the second is zero
            Check(values, 3, 64, 64, type, DType.Float32);
            Check(new float[70], 1, 70, 64, type, DType.Float32);
        }
    }

    [Fact]
    public void A_short_zero_block_keeps_the_smallest_scale_and_a_full_one_zero()
    {
        FourBitMatrix matrix = Quantize(new float[70], 1, 70, 64, FourBitType.NF4, DType.Float32, nested: false);
        Assert.Equal(0, matrix.Scales[0]);
        Assert.Equal(1e-38f, matrix.Scales[1]);
    }

    [Theory]
    [MemberData(nameof(InstructionSets))]
    public void Any_stretch_decodes_alike(Isa isa)
    {
        InstructionSet.Current = isa;
        foreach (bool nested in new[] { false, true })
        {
            foreach (DType dtype in new[] { DType.Float32, DType.BFloat16, DType.Float16 })
            {
                FourBitMatrix matrix = Quantize(TestData.Uniform(7 * 131, 5, 0.1f), 7, 131, 64, FourBitType.NF4, dtype, nested);
                float[] expected = [.. Enumerable.Range(0, 7 * 131).Select(i => Decoded(matrix, i))];
                Assert.Equal(expected, new Parameter("w", [7, 131], matrix).ToArray());
                float[] part = new float[131];
                for (int column = 0; column < 131; column += 5)
                {
                    for (int count = 1; column + count <= 131; count += 7)
                    {
                        fixed (float* destination = part)
                        {
                            matrix.Decode(isa >= Isa.Avx2, 3, column, count, destination);
                        }

                        Assert.Equal(expected.AsSpan((3 * 131) + column, count).ToArray(), part.AsSpan(0, count).ToArray());
                    }
                }
            }
        }
    }

    [Fact]
    public void Decoded_values_pass_through_the_compute_type()
    {
        FourBitMatrix plain = Quantize(TestData.Uniform(256, 5, 0.1f), 4, 64, 64, FourBitType.FP4, DType.Float16, nested: true);
        var rounded = new FourBitMatrix(4, 64, plain.Type, 64, plain.ValueDType, plain.Packed, plain.Scales, plain) { ComputeDType = DType.BFloat16 };
        float[] expected = [.. new Parameter("w", [4, 64], plain).ToArray().Select(value => BFloat16.ToSingle(BFloat16.FromSingle(value)))];
        Assert.Equal(expected, new Parameter("w", [4, 64], rounded).ToArray());
        float[] unrounded = new float[256];
        fixed (float* destination = unrounded)
        {
            rounded.Dequantize(0, 256, destination);
        }

        Assert.Equal(new Parameter("w", [4, 64], plain).ToArray(), unrounded);
    }

    [Fact]
    public void Quantised_scales_are_restored_with_two_roundings()
    {
        BlockScales scales = Quantize(TestData.Uniform(64 * 600, 9), 600, 64, 64, FourBitType.NF4, DType.Float32, nested: true).Scales;
        Assert.True(scales.IsNested);
        Assert.Equal(3, scales.NestedCount);
        for (int block = 0; block < 600; block++)
        {
            float product = scales.Map[scales.Codes[block]] * scales.NestedValues[block / 256];
            Assert.Equal(product + scales.Offset, scales[block]);
            Assert.InRange(scales[block], 0.8f, 1.05f);
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(8)]
    public void Threads_change_nothing(int workers)
    {
        float[] values = TestData.Uniform(100_000, 4);
        FourBitMatrix expected = Quantize(values, 100, 1000, 64, FourBitType.NF4, DType.BFloat16, nested: true);
        WorkerPool.Resize(workers);
        FourBitMatrix actual = Quantize(values, 100, 1000, 64, FourBitType.NF4, DType.BFloat16, nested: true);
        Assert.Equal(new ReadOnlySpan<byte>(expected.Packed, 50_000), new ReadOnlySpan<byte>(actual.Packed, 50_000));
        Assert.Equal(new ReadOnlySpan<byte>(expected.Scales.Codes, 1563), new ReadOnlySpan<byte>(actual.Scales.Codes, 1563));
        Assert.Equal(expected.Scales.Offset, actual.Scales.Offset);
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    public void What_is_not_a_number_is_refused_by_place(float value)
    {
        float[] values = TestData.Uniform(300 * 100, 4);
        values[(212 * 100) + 17] = value;
        values[(250 * 100) + 3] = value;
        InvalidDataException e = Assert.Throws<InvalidDataException>(() => Quantize(values, 300, 100, 64, FourBitType.NF4, DType.Float32, nested: false));
        Assert.Contains("row 212, column 17", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(16)]
    [InlineData(48)]
    [InlineData(8192)]
    public void Other_block_sizes_are_refused(int blockSize)
    {
        ArgumentException e = Assert.Throws<ArgumentException>(() => Quantize(new float[64], 1, 64, blockSize, FourBitType.NF4, DType.Float32, nested: false));
        Assert.Contains("4096", e.Message, StringComparison.Ordinal);
    }

    /// <summary>Quantises by the definition and compares.</summary>
    private static void Check(float[] values, int rows, int columns, int blockSize, FourBitType type, DType dtype)
    {
        FourBitMatrix matrix = Quantize(values, rows, columns, blockSize, type, dtype, nested: false);
        float[] stored = [.. values.Select(value => RoundedTo.Apply(value, dtype))];
        int[] order = [.. Enumerable.Range(0, 16).OrderBy(code => CodeTables.Of(type)[code])];
        for (int first = 0; first < stored.Length; first += blockSize)
        {
            float[] block = [.. stored.Skip(first).Take(blockSize)];
            float largest = block.Max(MathF.Abs);
            float divisor = Math.Max(largest, 1e-38f);
            Assert.Equal(block.Length == blockSize ? largest : divisor, matrix.Scales[first / blockSize]);
            for (int i = 0; i < block.Length; i++)
            {
                float value = Math.Clamp(block.Length == blockSize ? block[i] * (1 / divisor) : block[i] / divisor, -1, 1);
                int rank = Enumerable.Range(0, 15).Count(j => (CodeTables.Of(type)[order[j]] + CodeTables.Of(type)[order[j + 1]]) / 2 < value);
                int actual = (matrix.Packed[(first + i) / 2] >> ((first + i) % 2 == 0 ? 4 : 0)) & 15;
                Assert.True(order[rank] == actual, $"{type} {dtype} {rows}x{columns}/{blockSize}, element {first + i} = {value:R}: expected code {order[rank]}, got {actual}");
            }
        }
    }

    private static float Decoded(FourBitMatrix matrix, long index)
    {
        int code = (matrix.Packed[index / 2] >> (index % 2 == 0 ? 4 : 0)) & 15;
        return RoundedTo.Apply(CodeTables.Of(matrix.Type)[code] * matrix.Scales[index / matrix.BlockSize], matrix.ValueDType);
    }

    private static FourBitMatrix Quantize(float[] values, int rows, int columns, int blockSize, FourBitType type, DType dtype, bool nested)
    {
        Parameter stored = StoredParameter.Create(values, rows, columns, dtype);
        FourBitMatrix matrix = FourBitQuantizer.Quantize(stored.View, type, blockSize, nested);
        GC.KeepAlive(stored);
        return matrix;
    }
}
