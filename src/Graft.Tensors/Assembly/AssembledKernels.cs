using Graft.Tensors.Kernels;

namespace Graft.Tensors.Assembly;

/// <summary>One family of kernels, as <c>graft doctor</c> shows it.</summary>
/// <param name="Name">The product, and the instruction that computes it.</param>
/// <param name="Tile">The largest tile, rows x columns.</param>
/// <param name="IsOn">Whether products use it now.</param>
/// <param name="Reason">Why it is on or off.</param>
public sealed record KernelStatus(string Name, string Tile, bool IsOn, string Reason);

/// <summary>The kernels that are assembled at run time, for instructions that .NET has no intrinsics for: which are on, and why.</summary>
/// <remarks>
/// GRAFT_JIT=off turns all of them off, GRAFT_ISA those above it; results do not change by a bit. Only GRAFT_ISA=amx changes bits, those of bf16 products. GRAFT_JIT_DUMP names a folder that receives each kernel as
/// annotated assembly when it is first used.
/// </remarks>
public static class AssembledKernels
{
    private const string Switch = "GRAFT_JIT";
    private const string DumpFolder = "GRAFT_JIT_DUMP";

    private static bool? _isEnabled;

    /// <summary>Whether this process assembles kernels at all.</summary>
    /// <exception cref="ArgumentException">GRAFT_JIT is neither on nor off.</exception>
    public static bool IsEnabled
    {
        get => _isEnabled ??= ReadSwitch(Environment.GetEnvironmentVariable(Switch)) && CpuFeatures.Current.EnabledStates != 0;
        internal set => _isEnabled = value && CpuFeatures.Current.EnabledStates != 0;
    }

    /// <summary>Reads GRAFT_ISA and GRAFT_JIT, so that a mistake in them shows before any work is done.</summary>
    /// <exception cref="ArgumentException">One of them has a value that is not known.</exception>
    public static void CheckSwitches() => _ = (InstructionSet.Current, IsEnabled);

    /// <summary>Whether products must have the bits of their definition even on a CPU whose own instruction rounds otherwise; it is then not used.</summary>
    public static bool IsExact { get; set; }

    /// <summary>The convention of functions that this process calls.</summary>
    internal static CallingConvention Convention => OperatingSystem.IsWindows() ? CallingConvention.Windows : CallingConvention.SystemV;

    /// <summary>bf16 products by tiles, <c>tdpbf16ps</c>: other bits than all others, so never where they have to be exact.</summary>
    internal static bool BFloat16Amx
        => IsEnabled && InstructionSet.AllowsAmx && CpuFeatures.Current.AmxBFloat16 && !IsExact && TilePermission.Refusal is null && TileCheck.BFloat16IsSound;

    /// <summary>bf16 products by <c>vdpbf16ps</c>.</summary>
    internal static bool BFloat16Dot
        => IsEnabled && InstructionSet.Current >= Isa.Avx512 && CpuFeatures.Current.Avx512BFloat16 && (!IsExact || DotRounding.IsAsDefined) && !BFloat16Amx;

    /// <summary>bf16 products by AVX2 with the same bits.</summary>
    internal static bool BFloat16Fma => IsEnabled && InstructionSet.Current >= Isa.Avx2 && CpuFeatures.Current.Avx2 && !BFloat16Dot && !BFloat16Amx;

    /// <summary>8-bit products by tiles, <c>tdpbusd</c>.</summary>
    internal static bool Int8Amx => IsEnabled && InstructionSet.AllowsAmx && CpuFeatures.Current.AmxInt8 && TilePermission.Refusal is null && TileCheck.Int8IsSound;

    /// <summary>8-bit products by <c>vpdpbusd</c> on 512 bits.</summary>
    internal static bool Int8Dot => IsEnabled && InstructionSet.Current >= Isa.Avx512 && CpuFeatures.Current.Avx512Vnni && !Int8Amx;

    /// <summary>8-bit products by <c>vpdpbusd</c> on 256 bits.</summary>
    internal static bool Int8Vex => IsEnabled && InstructionSet.Current >= Isa.Avx2 && CpuFeatures.Current.AvxVnni && !Int8Dot && !Int8Amx;

    /// <summary>Every family of kernels, on or off.</summary>
    public static IReadOnlyList<KernelStatus> Status() =>
    [
        Describe("bf16 vdpbf16ps", AssembledTile.BFloat16Dot, BFloat16Dot, Isa.Avx512, CpuFeatures.Current.Avx512BFloat16, "avx512_bf16", BFloat16Amx ? "amx" : null),
        Describe("bf16 fma", AssembledTile.BFloat16Fma, BFloat16Fma, Isa.Avx2, CpuFeatures.Current.Avx2, "avx2", BFloat16Amx ? "amx" : "vdpbf16ps"),
        DescribeAmx("bf16 amx", AssembledTile.BFloat16Amx, BFloat16Amx, CpuFeatures.Current.AmxBFloat16, "amx_bf16"),
        Describe("int8 vpdpbusd", AssembledTile.Int8Dot, Int8Dot, Isa.Avx512, CpuFeatures.Current.Avx512Vnni, "avx512_vnni", Int8Amx ? "amx" : null),
        Describe("int8 vpdpbusd (256 bits)", AssembledTile.Int8Vex, Int8Vex, Isa.Avx2, CpuFeatures.Current.AvxVnni, "avx_vnni", Int8Amx ? "amx" : "the 512-bit form"),
        DescribeAmx("int8 amx", AssembledTile.Int8Amx, Int8Amx, CpuFeatures.Current.AmxInt8, "amx_int8"),
    ];

    /// <summary>Writes a kernel's listing where GRAFT_JIT_DUMP says, if it does.</summary>
    internal static void Dump(TileKernel kernel)
    {
        string? folder = Environment.GetEnvironmentVariable(DumpFolder);
        if (string.IsNullOrEmpty(folder))
        {
            return;
        }

        TileShape shape = kernel.Shape;
        Directory.CreateDirectory(folder);
        File.WriteAllText(
            Path.Combine(folder, $"{kernel.Name}-{shape.Rows}x{shape.Vectors * kernel.Lanes}{(shape.IsMasked ? "-masked" : string.Empty)}.asm"),
            kernel.Listing());
    }

    private static KernelStatus Describe(string name, AssembledTile tile, bool isOn, Isa isa, bool has, string flag, string? better)
    {
        string reason = isOn ? $"this CPU has {flag}{(tile == AssembledTile.BFloat16Dot && !DotRounding.IsAsDefined ? ", which rounds otherwise than its manual says" : string.Empty)}"
            : !has ? Lacks(flag)
            : !IsEnabled ? $"{Switch}=off"
            : IsExact && tile == AssembledTile.BFloat16Dot && !DotRounding.IsAsDefined ? "it rounds otherwise here than its manual says, and bits are asked to be exact"
            : InstructionSet.Current < isa ? $"the instruction set in use is {InstructionSet.Current}"
            : $"{better} is faster";
        return new KernelStatus(name, $"{tile.MaxRows}x{tile.Columns}", isOn, reason);
    }

    private static KernelStatus DescribeAmx(string name, AssembledTile tile, bool isOn, bool has, string flag)
    {
        bool isBFloat16 = tile == AssembledTile.BFloat16Amx;
        string reason = isOn ? $"this CPU has {flag}{(isBFloat16 && !TileCheck.BFloat16IsAsDefined ? ", which rounds otherwise than its manual says" : string.Empty)}, and it was asked for"
            : !has ? Lacks(flag)
            : !IsEnabled ? $"{Switch}=off"
            : !InstructionSet.AllowsAmx ? "never run on silicon: GRAFT_ISA=amx turns it on"
            : isBFloat16 && IsExact ? "it adds in another order than all others, and bits are asked to be exact"
            : TilePermission.Refusal is { } refusal ? $"the system does not let this process use tile registers: {refusal}"
            : "its sums are wrong here: please report this CPU";
        return new KernelStatus(name, $"{tile.MaxRows}x{tile.Columns}", isOn, reason);
    }

    private static string Lacks(string flag) => CpuFeatures.Current.EnabledStates == 0 ? "no machine code can be placed here" : $"this CPU lacks {flag}";

    /// <summary>What GRAFT_JIT says.</summary>
    internal static bool ReadSwitch(string? value) => value?.ToUpperInvariant() switch
    {
        null or "" or "ON" => true,
        "OFF" => false,
        _ => throw new ArgumentException($"{Switch}={value}: known are on and off; unset it to assemble kernels"),
    };
}
