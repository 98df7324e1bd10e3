using Graft.Tensors.Assembly;
using Graft.Tensors.Kernels;
using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace Graft.Tensors.Tests.Assembly;

/// <summary>Machine code that runs for real on this machine, and what is found out about its CPU.</summary>
public sealed unsafe class ExecutableMemoryTests
{
    [SkippableFact]
    public void Code_runs_and_gets_its_argument()
    {
        Skip.IfNot(ExecutableMemory.IsSupported, "no machine code can be placed here");
        var c = new Assembler(64);
        c.mov(rax, AssembledKernels.Convention == CallingConvention.Windows ? rcx : rdi);
        c.add(rax, 41);
        c.ret();
        var function = (delegate* unmanaged<long, long>)ExecutableMemory.Place(MachineCode.Bytes(c));
        Assert.Equal(42, function(1));
    }

    [SkippableFact]
    public void Pages_are_never_writable_and_executable_at_once()
    {
        Skip.IfNot(OperatingSystem.IsLinux() && ExecutableMemory.IsSupported, "reads /proc");
        nint place = ExecutableMemory.Place([0xC3]);
        string line = File.ReadLines("/proc/self/maps").Single(line =>
        {
            string[] ends = line.Split(' ')[0].Split('-');
            return place >= (nint)Convert.ToInt64(ends[0], 16) && place < (nint)Convert.ToInt64(ends[1], 16);
        });
        Assert.Equal("r-xp", line.Split(' ')[1]);
    }

    [SkippableFact]
    public void The_extended_control_register_is_what_the_runtime_believes()
    {
        Skip.IfNot(ExecutableMemory.IsSupported && CpuFeatures.Current.EnabledStates != 0, "no XGETBV here");
        Assert.Equal(System.Runtime.Intrinsics.X86.Avx.IsSupported, (CpuFeatures.Current.EnabledStates & 6) == 6);
        Assert.Equal(System.Runtime.Intrinsics.X86.Avx2.IsSupported && System.Runtime.Intrinsics.X86.Fma.IsSupported, CpuFeatures.Current.Avx2);
        Assert.Equal(InstructionSet.Best == Isa.Avx512, CpuFeatures.Current.Avx512);
        Assert.Equal(System.Runtime.Intrinsics.X86.AvxVnni.IsSupported, CpuFeatures.Current.AvxVnni);
    }

    [Theory]
    [InlineData(0b110, false, false, true)] // the system saves no masks and no wide registers
    [InlineData(0b1110_0110, true, false, true)]
    [InlineData(0x600E6, true, true, true)]
    [InlineData(0b010, false, false, false)]
    public void Instructions_count_only_where_the_system_saves_their_registers(int states, bool avx512, bool amx, bool avx2)
    {
        // All features of a recent server CPU.
        CpuFeatures features = CpuFeatures.From(maximumLeaf: 0x1F, leaf1Ecx: -1, leaf7: (1, -1, -1, -1), leaf7Subleaf1Eax: -1, (ulong)states);
        Assert.Equal((avx2, avx512, avx512, avx512, avx2), (features.Avx2, features.Avx512, features.Avx512BFloat16, features.Avx512Vnni, features.AvxVnni));
        Assert.Equal((amx, amx), (features.AmxBFloat16, features.AmxInt8));
    }

    [Theory]
    [InlineData(1 << 24 | 1 << 22, true, false)]
    [InlineData(1 << 24 | 1 << 25, false, true)]
    [InlineData(1 << 22 | 1 << 25, false, false)] // no tiles to multiply
    [InlineData(1 << 24, false, false)]
    public void Tile_products_are_features_of_their_own(int edx, bool bf16, bool int8)
    {
        CpuFeatures features = CpuFeatures.From(maximumLeaf: 0x1F, leaf1Ecx: -1, leaf7: (1, -1, -1, edx), leaf7Subleaf1Eax: -1, 0x600E6);
        Assert.Equal((bf16, int8), (features.AmxBFloat16, features.AmxInt8));
    }

    [SkippableFact]
    public void The_system_is_asked_for_tile_registers_and_says_why_not()
    {
        Skip.IfNot(OperatingSystem.IsLinux() && ExecutableMemory.IsSupported, "only Linux has to be asked");
        Skip.If(CpuFeatures.Current.AmxBFloat16 || CpuFeatures.Current.AmxInt8, "this CPU has them");
        Assert.Contains(TilePermission.Refusal, (string?[])["Operation not supported", "Invalid argument"]);
    }

    [Fact]
    public void Leaves_that_a_cpu_does_not_have_are_not_believed()
    {
        Assert.False(CpuFeatures.From(maximumLeaf: 6, -1, (1, -1, -1, -1), -1, 0xE6).Avx2);
        CpuFeatures noSubleaf = CpuFeatures.From(maximumLeaf: 7, -1, (0, -1, -1, -1), -1, 0xE6);
        Assert.True(noSubleaf.Avx512Vnni);
        Assert.False(noSubleaf.Avx512BFloat16);
    }

    [Fact]
    public void The_register_is_read_in_both_conventions()
    {
        // The emulator does not know xgetbv, so look at the bytes: xor ecx,ecx; xgetbv; shl rdx,32; or rax,rdx; ret.
        Assert.Equal("31c90f01d048c1e2204809d0c3", Convert.ToHexStringLower(ExtendedControlRegister.Assemble()));
    }

    [Fact]
    public void Every_family_of_kernels_says_why_it_is_on_or_off()
    {
        IReadOnlyList<KernelStatus> kernels = AssembledKernels.Status();
        Assert.Equal(["14x32", "6x16", "32x32", "14x32", "6x16", "32x32"], kernels.Select(kernel => kernel.Tile));
        Assert.All(kernels, kernel => Assert.NotEmpty(kernel.Reason));
        Assert.Equal(AssembledKernels.BFloat16Dot || AssembledKernels.BFloat16Fma, kernels[0].IsOn || kernels[1].IsOn);
        Assert.All(kernels.GroupBy(kernel => kernel.Name[..4]), family => Assert.True(family.Count(kernel => kernel.IsOn) <= 1));
    }

    [Fact]
    public void Tile_registers_are_off_until_they_are_asked_for()
    {
        foreach ((string name, bool has) in new[] { ("bf16", CpuFeatures.Current.AmxBFloat16), ("int8", CpuFeatures.Current.AmxInt8) })
        {
            KernelStatus kernel = AssembledKernels.Status().Single(kernel => kernel.Name == $"{name} amx");
            Assert.False(kernel.IsOn);
            Assert.Equal(has ? "never run on silicon: GRAFT_ISA=amx turns it on" : $"this CPU lacks amx_{name}", kernel.Reason);
        }
    }

    [Theory]
    [InlineData(null, true)]
    [InlineData("", true)]
    [InlineData("on", true)]
    [InlineData("Off", false)]
    public void The_switch_is_on_or_off(string? value, bool expected) => Assert.Equal(expected, AssembledKernels.ReadSwitch(value));

    [Fact]
    public void Any_other_word_for_the_switch_is_an_error()
        => Assert.Equal("GRAFT_JIT=maybe: known are on and off; unset it to assemble kernels", Assert.Throws<ArgumentException>(() => AssembledKernels.ReadSwitch("maybe")).Message);
}
