using Graft.Tensors.Assembly;
using Graft.Tensors.Kernels;
using Iced.Intel;

namespace Graft.Tensors.Tests.Assembly;

/// <summary>The assembled kernels' bytes on an emulated CPU, and on the real one where it has the instruction, against their scalar definition.</summary>
public sealed class TileKernelTests
{
    private static readonly int[] Depths = [1, 2, 7, 8, 9, 16, 19];

    /// <summary>Around the steps of 16 groups of the tile registers.</summary>
    private static readonly int[] TileDepths = [1, 3, 15, 16, 17, 32, 37];

    private static readonly string[] Kernels = ["bf16-vdpbf16ps-zmm", "bf16-fma-ymm", "int8-vpdpbusd-zmm", "int8-vpdpbusd-ymm", "bf16-tdpbf16ps-tmm", "int8-tdpbusd-tmm"];

    public static TheoryData<string> Names => [.. Kernels];

    public static TheoryData<string, bool> NamesAndConventions
    {
        get
        {
            var data = new TheoryData<string, bool>();
            foreach (string name in Kernels)
            {
                data.Add(name, false);
                data.Add(name, true);
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(NamesAndConventions))]
    public void Every_height_and_width_on_an_emulated_cpu(string name, bool windows)
    {
        AssembledTile tile = Tile(name);
        CallingConvention convention = windows ? CallingConvention.Windows : CallingConvention.SystemV;
        var random = new Random(1);
        int[] depths = DepthsOf(tile);
        int depth = 0;
        for (int rows = 1; rows <= tile.MaxRows; rows++)
        {
            for (int width = 1; width <= tile.Columns; width++)
            {
                // Depths, panels and accumulation go through all their values while the sizes do.
                Emulate(tile, convention, rows, width, depths[depth % depths.Length], panels: 1 + (depth % 3 == 0 ? 1 : 0), accumulate: depth % 2 == 0, random);
                depth++;
            }
        }
    }

    [Theory]
    [MemberData(nameof(NamesAndConventions))]
    public void Every_depth_on_an_emulated_cpu(string name, bool windows)
    {
        AssembledTile tile = Tile(name);
        CallingConvention convention = windows ? CallingConvention.Windows : CallingConvention.SystemV;
        var random = new Random(2);
        for (int groups = 1; groups <= 34; groups++)
        {
            Emulate(tile, convention, tile.MaxRows, tile.Columns, groups, panels: 1, accumulate: groups % 3 == 0, random);
            Emulate(tile, convention, 3, tile.Lanes + 5, groups, panels: 3, accumulate: groups % 2 == 0, random);
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void The_instruction_that_counts_does_the_work(string name)
    {
        AssembledTile tile = Tile(name);
        EmulatedCpu cpu = Emulate(tile, CallingConvention.SystemV, tile.MaxRows, tile.Columns, 32, panels: 2, accumulate: false, new Random(3));
        int rowsAndGroups = tile.MaxRows * 32;
        (Mnemonic mnemonic, int products) = name switch
        {
            "bf16-vdpbf16ps-zmm" => (Mnemonic.Vdpbf16ps, rowsAndGroups),
            "bf16-fma-ymm" => (Mnemonic.Vfmadd231ps, 2 * rowsAndGroups),
            "bf16-tdpbf16ps-tmm" => (Mnemonic.Tdpbf16ps, rowsAndGroups / (16 * 16)),
            "int8-tdpbusd-tmm" => (Mnemonic.Tdpbusd, rowsAndGroups / (16 * 16)),
            _ => (Mnemonic.Vpdpbusd, rowsAndGroups),
        };
        Assert.Equal(2 * tile.MaxVectors * products, cpu.Executed[mnemonic]);
        Assert.Equal(2 * 32, cpu.Executed[Mnemonic.Prefetcht1]);
    }

    [Theory]
    [InlineData("bf16-vdpbf16ps-zmm", "AVX512F AVX512_BF16")]
    [InlineData("bf16-fma-ymm", "AVX2 FMA")]
    [InlineData("int8-vpdpbusd-zmm", "AVX512F AVX512_VNNI")]
    [InlineData("int8-vpdpbusd-ymm", "AVX2 AVX_VNNI")]
    [InlineData("bf16-tdpbf16ps-tmm", "AMX_TILE AMX_BF16")]
    [InlineData("int8-tdpbusd-tmm", "AMX_TILE AMX_INT8")]
    public void Kernels_need_nothing_that_is_not_asked_of_the_cpu(string name, string features)
    {
        string[] known = ["INTEL8086", "INTEL386", "X64", "SSE", "AVX", .. features.Split(' ')];
        AssembledTile tile = Tile(name);
        var used = new HashSet<string>();
        foreach (CallingConvention convention in Enum.GetValues<CallingConvention>())
        {
            byte[] code = tile.Create(new TileShape(tile.MaxRows, tile.MaxVectors, IsMasked: true), convention).Assemble();
            var decoder = Decoder.Create(64, new ByteArrayCodeReader(code));
            while (decoder.IP < (ulong)code.Length)
            {
                used.UnionWith(decoder.Decode().CpuidFeatures.Select(feature => feature.ToString()));
            }
        }

        Assert.Empty(used.Except(known));
        Assert.Superset(features.Split(' ').ToHashSet(), used);
    }

    [SkippableTheory]
    [MemberData(nameof(Names))]
    public void The_real_cpu_agrees(string name)
    {
        CpuFeatures cpu = CpuFeatures.Current;
        (bool has, string flag) = name switch
        {
            "bf16-vdpbf16ps-zmm" => (cpu.Avx512BFloat16, "avx512_bf16"),
            "bf16-fma-ymm" => (cpu.Avx2, "avx2"),
            "int8-vpdpbusd-zmm" => (cpu.Avx512Vnni, "avx512_vnni"),
            "int8-vpdpbusd-ymm" => (cpu.AvxVnni, "avx_vnni"),
            _ => (AmxHere.Tile(name.StartsWith("int8", StringComparison.Ordinal)) is not null, "amx"),
        };
        Skip.IfNot(has, $"this CPU has no {flag}: only the emulated one ran {name}");
        Skip.If(name.Contains("vdpbf16ps", StringComparison.Ordinal) && !DotRounding.IsAsDefined, "this CPU's vdpbf16ps rounds otherwise than its manual says; --exact avoids it");
        AssembledTile tile = Tile(name);
        var random = new Random(4);
        for (int rows = 1; rows <= tile.MaxRows; rows++)
        {
            for (int width = 1; width <= tile.Columns; width++)
            {
                foreach (bool accumulate in new[] { false, true })
                {
                    using TileCase tileCase = Case(tile, rows, width, DepthsOf(tile)[width % Depths.Length], panels: 2, accumulate, random);
                    tileCase.Run(tile, $"{name} {rows}x{width} on this CPU");
                }
            }
        }
    }

    [Fact]
    public void The_check_of_the_rounding_accepts_the_definition()
    {
        Assert.True(DotRounding.Agrees(BFloat16ManagedTile.Scalar));
        Assert.True(DotRounding.Agrees(BFloat16ManagedTile.Vectors));
        Assert.True(!CpuFeatures.Current.Avx2 || DotRounding.Agrees(AssembledTile.BFloat16Fma));
    }

    [Fact]
    public void The_tiles_in_csharp_agree()
    {
        var random = new Random(5);
        foreach (ProductTile tile in new ProductTile[] { BFloat16ManagedTile.Vectors, BFloat16ManagedTile.Scalar })
        {
            for (int rows = 1; rows <= tile.MaxRows; rows++)
            {
                for (int width = 1; width <= tile.Columns; width++)
                {
                    using var tileCase = new TileCase(tile, rows, width, Depths[width % Depths.Length], panels: 2, accumulate: width % 2 == 0, isInteger: false, random);
                    tileCase.Run(tile, $"{rows}x{width} in C#");
                }
            }
        }
    }

    [Fact]
    public void Instructions_that_the_emulator_does_not_know_fail()
    {
        var assembler = new Assembler(64);
        assembler.bswap(AssemblerRegisters.rax);
        assembler.ret();
        byte[] code = MachineCode.Bytes(assembler);
        NotSupportedException e = Assert.Throws<NotSupportedException>(() => new EmulatedCpu(code).Call(new byte[256]));
        Assert.Contains("bswap", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Listings_show_each_instruction_with_its_bytes_and_notes()
    {
        TileKernel kernel = Tile("bf16-vdpbf16ps-zmm").Create(new TileShape(2, 1, IsMasked: true), CallingConvention.SystemV);
        byte[] code = kernel.Assemble();
        string listing = kernel.Listing();
        Assert.StartsWith("; bf16-vdpbf16ps-zmm, 2 rows x 16 columns, last vector masked, SystemV\n0000  4889f8", listing, StringComparison.Ordinal);
        Assert.Contains("; group 7 of 8\n", listing, StringComparison.Ordinal);
        Assert.Contains("vdpbf16ps", listing, StringComparison.Ordinal);
        Assert.Contains("{k1}", listing, StringComparison.Ordinal);
        string bytes = string.Concat(listing.Split('\n').Where(line => line.Length > 0 && line[0] != ';').Select(line => line.Split("  ")[1].Trim()));
        Assert.Equal(Convert.ToHexStringLower(code), bytes);
    }

    private static int[] DepthsOf(ProductTile tile) => tile.IsRowMajor ? TileDepths : Depths;

    private static AssembledTile Tile(string name) => name switch
    {
        "bf16-vdpbf16ps-zmm" => AssembledTile.BFloat16Dot,
        "bf16-fma-ymm" => AssembledTile.BFloat16Fma,
        "int8-vpdpbusd-zmm" => AssembledTile.Int8Dot,
        "int8-vpdpbusd-ymm" => AssembledTile.Int8Vex,
        "bf16-tdpbf16ps-tmm" => AssembledTile.BFloat16Amx,
        _ => AssembledTile.Int8Amx,
    };

    private static EmulatedCpu Emulate(AssembledTile tile, CallingConvention convention, int rows, int width, int groups, int panels, bool accumulate, Random random)
    {
        using TileCase tileCase = Case(tile, rows, width, groups, panels, accumulate, random);
        var shape = new TileShape(rows, (width + tile.Lanes - 1) / tile.Lanes, width % tile.Lanes != 0);
        TileKernel kernel = tile.Create(shape, convention);
        return tileCase.Emulate(kernel.Assemble(), convention, $"{kernel.Name} {rows}x{width}, {groups} groups, {panels} panels, accumulate {accumulate}, {convention}");
    }

    private static TileCase Case(AssembledTile tile, int rows, int width, int groups, int panels, bool accumulate, Random random)
        => new(tile, rows, width, groups, panels, accumulate, tile == AssembledTile.Int8Dot || tile == AssembledTile.Int8Vex || tile == AssembledTile.Int8Amx, random);
}
