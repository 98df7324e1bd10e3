using Graft.Tensors.Assembly;
using Graft.Tensors.Kernels;
using Iced.Intel;
using Xunit.Sdk;
using static Iced.Intel.AssemblerRegisters;

namespace Graft.Tensors.Tests.Assembly;

/// <summary>Tile registers: the scalar definition by hand, the faults of the emulated CPU, and the check that a real one has to pass.</summary>
public sealed unsafe class TileRegisterTests
{
    [Fact]
    public void Even_and_odd_products_are_summed_apart()
    {
        // In order of k, 1 + 2^-24 rounds to 1 twice; apart, the two small ones are 2^-23 together.
        uint[] a = [Pair(1, PowerOfTwo(-12)), Pair(0, PowerOfTwo(-12))], b = [Pair(1, PowerOfTwo(-12)), Pair(0, PowerOfTwo(-12))];
        Assert.Equal(1 + PowerOfTwo(-23), Dot(a, b, 0));
    }

    [Fact]
    public void A_step_is_summed_before_it_is_added()
    {
        // 16 pairs of two times 2^-25 are 2^-20; one by one 1 swallows them.
        uint[] small = [.. Enumerable.Repeat(Pair(PowerOfTwo(-12), PowerOfTwo(-12)), 16)], factor = [.. Enumerable.Repeat(Pair(PowerOfTwo(-13), PowerOfTwo(-13)), 16)];
        Assert.Equal(1 + PowerOfTwo(-20), Dot(small, factor, 1));

        // The 17th pair is the next step: alone it is lost.
        Assert.Equal(1 + PowerOfTwo(-20), Dot([.. small, small[0]], [.. factor, factor[0]], 1));
    }

    [Fact]
    public void Subnormals_are_zeros()
    {
        float subnormal = PowerOfTwo(-130);
        Assert.Equal(0, Dot([Pair(0, 0)], [Pair(0, 0)], subnormal));
        Assert.Equal(0, Dot([Pair(subnormal, 0)], [Pair(PowerOfTwo(100), 0)], 0));
        Assert.Equal(0, Dot([Pair(PowerOfTwo(-70), 0)], [Pair(PowerOfTwo(-60), 0)], 0));

        // Both halves are normal numbers, their sum is not.
        Assert.Equal(0, Dot([Pair(PowerOfTwo(-63) * 1.5f, -PowerOfTwo(-63))], [Pair(PowerOfTwo(-63), PowerOfTwo(-63))], 0));
    }

    [Fact]
    public void The_check_accepts_the_definition()
    {
        foreach (bool emulated in new[] { false, true })
        {
            Assert.Equal((true, true), TileCheck.CompareBFloat16(emulated ? new EmulatedTile(AssembledTile.BFloat16Amx) : PlainTile.Amx(isInteger: false)));
            Assert.True(TileCheck.IsExact(emulated ? new EmulatedTile(AssembledTile.Int8Amx) : PlainTile.Amx(isInteger: true)));
        }
    }

    [Fact]
    public void The_check_tells_other_rounding_from_wrong_sums()
    {
        Assert.Equal((true, false), TileCheck.CompareBFloat16(new TamperedTile(PlainTile.Amx(isInteger: false), c => *(float*)c = MathF.BitIncrement(*(float*)c))));
        Assert.Equal((false, false), TileCheck.CompareBFloat16(new TamperedTile(PlainTile.Amx(isInteger: false), c => *(float*)c += 0.01f)));
        Assert.Equal((false, false), TileCheck.CompareBFloat16(new TamperedTile(PlainTile.Amx(isInteger: false), c => *(float*)c = float.NaN)));
        Assert.False(TileCheck.IsExact(new TamperedTile(PlainTile.Amx(isInteger: true), c => ++*(int*)c)));
    }

    [Theory]
    [InlineData("no shapes", "tiles have no shapes")]
    [InlineData("not released", "tiles were not released")]
    [InlineData("unused tile", "has no shape")]
    [InlineData("rows", "are not")]
    [InlineData("columns", "are not")]
    [InlineData("depth", "are not")]
    [InlineData("17 rows", "tile 0 of 17 rows")]
    [InlineData("65 bytes", "tile 0 of 4 rows of 65 bytes")]
    [InlineData("no bytes", "tile 0 of 4 rows of 0 bytes")]
    [InlineData("reserved", "byte 2 is 1")]
    [InlineData("palette", "palette 2")]
    [InlineData("outside", "writes 16 bytes outside")]
    [InlineData("fine", null)]
    public void The_emulated_cpu_faults_as_the_manual_says(string mistake, string? fault)
    {
        // C of 4 rows and 4 columns, A of 4 rows and 2 groups, B of 2 groups and 4 columns.
        (byte Rows, byte Bytes)[] shapes = [(4, 16), (4, 8), (2, 16)];
        byte[] shape = new byte[64];
        switch (mistake)
        {
            case "unused tile": shapes[2] = default; break;
            case "rows": shapes[1].Rows = 5; break;
            case "columns": shapes[2].Bytes = 20; break;
            case "depth": shapes[1].Bytes = 12; break;
            case "17 rows": shapes[0].Rows = 17; break;
            case "65 bytes": shapes[0].Bytes = 65; break;
            case "no bytes": shapes[0].Bytes = 0; break;
            case "reserved": shape[2] = 1; break;
        }

        shape[0] = (byte)(mistake == "palette" ? 2 : 1);
        for (int i = 0; i < shapes.Length; i++)
        {
            (shape[16 + (2 * i)], shape[48 + i]) = (shapes[i].Bytes, shapes[i].Rows);
        }

        var c = new Assembler(64);
        if (mistake != "no shapes")
        {
            c.ldtilecfg(__[rdi]);
        }

        c.tdpbusd(tmm0, tmm1, tmm2);
        c.mov(r9d, mistake == "outside" ? 20 : 16);
        c.tilestored(__[rsi + (r9 * 1)], tmm0);
        if (mistake != "not released")
        {
            c.tilerelease();
        }

        c.ret();
        var cpu = new EmulatedCpu(MachineCode.Bytes(c));
        byte[] sums = new byte[64];
        fixed (byte* from = shape, to = sums)
        {
            cpu.Allow(from, 64, writes: false, "shapes");
            cpu.Allow(to, 64, writes: true, "C");
            (cpu[Register.RDI], cpu[Register.RSI]) = ((ulong)from, (ulong)to);
            if (fault is null)
            {
                cpu.Call(new byte[256]);
                return;
            }

            Assert.Contains(fault, Assert.ThrowsAny<XunitException>(() => cpu.Call(new byte[256])).Message, StringComparison.Ordinal);
        }
    }

    private static float Dot(uint[] a, uint[] b, float sum)
    {
        fixed (uint* left = a, right = b)
        {
            return BFloat16TileDot.Add(left, 1, right, 1, a.Length, sum);
        }
    }

    private static float PowerOfTwo(int exponent) => MathF.ScaleB(1, exponent);

    private static uint Pair(float even, float odd) => BFloat16.FromSingle(even) | ((uint)BFloat16.FromSingle(odd) << 16);

    private delegate void Change(void* element);

    /// <summary>A tile that is right but for the first element of C.</summary>
    private sealed class TamperedTile(ProductTile tile, Change change) : ProductTile(tile.MaxRows, tile.MaxVectors, tile.Lanes, tile.PackedRows, tile.IsRowMajor)
    {
        public override void Run(int rows, int width, ref TileArguments arguments)
        {
            void* first = arguments.C;
            tile.Run(rows, width, ref arguments);
            change(first);
        }
    }
}
