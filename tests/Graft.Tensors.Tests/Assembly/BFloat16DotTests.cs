using Graft.Tensors.Assembly;
using Graft.Tensors.Kernels;

namespace Graft.Tensors.Tests.Assembly;

/// <summary>The scalar definition of a bf16 dot product: by hand, and against the CPU's own arithmetic with flushed subnormals.</summary>
public sealed unsafe class BFloat16DotTests
{
    private const float SmallestNormal = 1.17549435e-38f;

    [Fact]
    public void The_odd_product_is_added_first()
    {
        // 1 + 2^-24 - 2^-24: in this order the first sum rounds back to 1; in the other one 1 - 2^-24 is a number.
        float first = BFloat16Dot.Add(Pair(even: -PowerOfTwo(-12), odd: PowerOfTwo(-12)), Pair(PowerOfTwo(-12), PowerOfTwo(-12)), 1);
        float second = BFloat16Dot.Add(Pair(even: PowerOfTwo(-12), odd: -PowerOfTwo(-12)), Pair(PowerOfTwo(-12), PowerOfTwo(-12)), 1);
        Assert.Equal(1 - PowerOfTwo(-24), first);
        Assert.Equal(1, second);
    }

    [Fact]
    public void A_product_may_be_smaller_than_any_number_before_it_is_added()
        => Assert.Equal(SmallestNormal + PowerOfTwo(-140), BFloat16Dot.Add(Pair(PowerOfTwo(-70), 0), Pair(PowerOfTwo(-70), 0), SmallestNormal));

    [Theory]
    [InlineData(1e-39f, 1e30f, 0f, 0f)] // a subnormal factor is a zero
    [InlineData(-1e-39f, 1e30f, 0f, 0f)]
    [InlineData(0f, 0f, 1e-39f, 0f)] // so is a subnormal sum
    [InlineData(5.421011e-20f, 5.421011e-20f, 0f, 0f)] // 2^-64 · 2^-64
    [InlineData(1.0842022e-19f, 1.0842022e-19f, 0f, SmallestNormal)] // 2^-63 · 2^-63
    public void Subnormals_are_zeros(float a, float b, float sum, float expected)
        => Assert.Equal(expected, BFloat16Dot.Add(Subnormal(a), Subnormal(b), sum));

    [Fact]
    public void What_rounds_up_to_the_smallest_normal_number_only_among_subnormals_is_a_zero()
    {
        // 2^-126 - 2^-150 is a 24-bit number below 2^-126; half as far away it rounds to 2^-126.
        Assert.Equal(0, BFloat16Dot.Add(Pair(-PowerOfTwo(-75), PowerOfTwo(-63)), Pair(PowerOfTwo(-75), PowerOfTwo(-63)), 0));
        Assert.Equal(SmallestNormal, BFloat16Dot.Add(Pair(-PowerOfTwo(-75), PowerOfTwo(-63)), Pair(PowerOfTwo(-76), PowerOfTwo(-63)), 0));
    }

    [SkippableFact]
    public void The_cpu_agrees_near_the_smallest_normal_number()
    {
        Skip.IfNot(CpuFeatures.Current.Avx2, "this CPU has no fused multiply-add");
        var random = new Random(1);
        uint* a = stackalloc uint[8], b = stackalloc uint[8];
        float* c = stackalloc float[8];
        int zeros = 0;

        // First what a system with subnormal numbers would round up to 2^-126, and what any system does.
        for (int i = 0; i < 8; i++)
        {
            a[i] = Pair(-PowerOfTwo(-75), PowerOfTwo(-63));
            b[i] = Pair(PowerOfTwo(i % 2 == 0 ? -75 : -76), PowerOfTwo(-63));
        }

        var first = new TileArguments { A = a, B = b, C = c, RowBytes = 32, Groups = 1, Panels = 1 };
        AssembledTile.BFloat16Fma.Run(1, 8, ref first);
        Assert.Equal([0, SmallestNormal, 0, SmallestNormal, 0, SmallestNormal, 0, SmallestNormal], new ReadOnlySpan<float>(c, 8).ToArray());
        for (int round = 0; round < 20_000; round++)
        {
            // The odd product is some normal number near 2^-126, the even one takes a little away, or adds it.
            for (int i = 0; i < 8; i++)
            {
                a[i] = Half(random, 58, 67) << 16 | Half(random, 45, 67);
                b[i] = Half(random, 60, 66) << 16 | Half(random, 45, 67);
            }

            a[0] = (uint)(64 << 7 << 16) | Half(random, 50, 54);
            b[0] = (uint)(64 << 7 << 16) | Half(random, 50, 54) | 0x8000;
            var arguments = new TileArguments { A = a, B = b, C = c, RowBytes = 32, Groups = 1, Panels = 1 };
            AssembledTile.BFloat16Fma.Run(1, 8, ref arguments);
            for (int i = 0; i < 8; i++)
            {
                float expected = BFloat16Dot.Add(a[0], b[i], 0);
                Assert.True(BitConverter.SingleToUInt32Bits(expected) == BitConverter.SingleToUInt32Bits(c[i]), $"{a[0]:x8} · {b[i]:x8}: the CPU has {c[i]:R}, the definition {expected:R}");
                zeros += expected == 0 ? 1 : 0;
            }
        }

        Assert.InRange(zeros, 1000, 159_000);
    }

    private static float PowerOfTwo(int exponent) => MathF.ScaleB(1, exponent);

    private static uint Half(Random random, int from, int to) => (uint)(random.Next(2) << 15) | ((uint)random.Next(from, to) << 7) | (uint)(random.Next(3) == 0 ? 0 : random.Next(128));

    private static uint Pair(float even, float odd) => BFloat16.FromSingle(even) | ((uint)BFloat16.FromSingle(odd) << 16);

    private static uint Subnormal(float value) => BFloat16.FromSingle(value);
}
