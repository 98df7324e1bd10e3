using Graft.Tensors.Kernels;

namespace Graft.Tensors.Tests;

public sealed unsafe class CodeTableTests
{
    public static TheoryData<string> Maps => new("dynamic", "unsigned", "linear", "float8", "four bits");

    [Fact]
    public void The_dynamic_maps_have_their_known_values()
    {
        float[] signed = CodeTables.Dynamic();
        float[] unsigned = CodeTables.Dynamic(signed: false);
        Assert.Equal((256, 256), (signed.Length, unsigned.Length));
        Assert.Equal(signed.Order(), signed);
        Assert.Equal((0, 1), (signed[127], signed[255]));
        Assert.Equal((0, 1), (unsigned[0], unsigned[255]));
        Assert.Equal(-0.99296874f, signed[0], 6);
        Assert.Equal(0.99648437f, unsigned[254], 6);
        Assert.Equal(5.5e-7f, signed[128], 10);
        Assert.Equal(254, signed.Select(MathF.Abs).Count(value => value is > 0 and < 1));
    }

    [Fact]
    public void Tables_of_fewer_bits_are_filled_up_with_zeros()
    {
        Assert.Equal(15, CodeTables.Dynamic(maxExponentBits: 3, totalBits: 4).Count(value => value != 0));
        Assert.Equal(14, CodeTables.Linear(totalBits: 4).Count(value => MathF.Abs(value) > 1e-6f));
        Assert.Equal(15, CodeTables.Normal().Count(value => value != 0));
        Assert.Throws<ArgumentException>(() => CodeTables.Float8(exponentBits: 5, precisionBits: 3));
    }

    [Theory]
    [MemberData(nameof(Maps))]
    public void The_nearest_code_is_the_number_of_midpoints_below(string name)
    {
        float[] map = Map(name);
        var search = new CodeSearch(map);
        var values = new List<float> { 0, -0f, 1, -1, float.Epsilon, -float.Epsilon };
        for (int i = 0; i < 255; i++)
        {
            float middle = (map[i] + map[i + 1]) / 2;
            values.AddRange([map[i], middle, Math.Clamp(MathF.BitIncrement(middle), -1, 1), Math.Clamp(MathF.BitDecrement(middle), -1, 1)]);
        }

        values.AddRange(TestData.Uniform(5000, 3));
        values.AddRange(TestData.Uniform(5000, 4).Select(value => value * 1e-4f));
        foreach (float value in values)
        {
            int expected = Enumerable.Range(0, 255).Count(i => (map[i] + map[i + 1]) / 2 < value);
            Assert.True(expected == search.Nearest(value), $"{name}: {value:R} is code {expected}, not {search.Nearest(value)}");
        }
    }

    [Fact]
    public void Tables_that_do_not_ascend_are_refused()
    {
        Assert.Throws<ArgumentException>(() => new CodeSearch(new float[16]));
        float[] wrong = CodeTables.Dynamic();
        wrong[5] = 1;
        Assert.Throws<ArgumentException>(() => new CodeSearch(wrong));
    }

    [Theory]
    [InlineData(1, 64)]
    [InlineData(64, 64)]
    [InlineData(1000, 256)]
    [InlineData(9001, 2048)]
    public void Blocks_come_back_within_half_a_step(int count, int blockSize)
    {
        float[] map = CodeTables.Dynamic();
        Parameter source = TestData.Parameter("w", TestData.Uniform(count, 8, 0.3f), 1, count);
        byte[] codes = new byte[count];
        float[] absMax = new float[(count + blockSize - 1) / blockSize];
        float[] decoded = new float[count];
        fixed (byte* code = codes)
        fixed (float* scale = absMax, target = decoded)
        {
            BlockwiseQuantizer.Quantize(source.View, map, blockSize, code, scale);
            BlockwiseQuantizer.Dequantize(code, count, scale, map, blockSize, target);
        }

        float[] values = source.ToArray();
        for (int i = 0; i < count; i++)
        {
            float largest = values.Skip(i / blockSize * blockSize).Take(blockSize).Max(MathF.Abs);
            Assert.Equal(largest, absMax[i / blockSize]);
            float value = Math.Clamp(values[i] * (1 / largest), -1, 1);
            Assert.Equal(Enumerable.Range(0, 255).Count(j => (map[j] + map[j + 1]) / 2 < value), codes[i]);
            Assert.Equal(map[codes[i]] * largest, decoded[i]);
        }
    }

    [Fact]
    public void A_bad_element_is_refused_by_place()
    {
        float[] values = new float[10_000];
        values[7000] = float.NaN;
        Parameter source = TestData.Parameter("w", values, 100, 100);
        InvalidDataException e = Assert.Throws<InvalidDataException>(() =>
        {
            byte[] codes = new byte[values.Length];
            float[] absMax = new float[values.Length];
            fixed (byte* code = codes)
            fixed (float* scale = absMax)
            {
                BlockwiseQuantizer.Quantize(source.View, CodeTables.Dynamic(), 64, code, scale);
            }
        });
        Assert.Contains("row 70, column 0", e.Message, StringComparison.Ordinal);
    }

    private static float[] Map(string name) => name switch
    {
        "dynamic" => CodeTables.Dynamic(),
        "unsigned" => CodeTables.Dynamic(signed: false),
        "linear" => CodeTables.Linear(),
        "float8" => CodeTables.Float8(),
        _ => CodeTables.Dynamic(maxExponentBits: 3, totalBits: 4),
    };
}
