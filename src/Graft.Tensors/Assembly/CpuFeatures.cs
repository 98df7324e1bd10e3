using System.Runtime.Intrinsics.X86;

namespace Graft.Tensors.Assembly;

/// <summary>What the CPU has (CPUID) and the operating system lets programs use (XCR0): only both together make an instruction usable.</summary>
/// <remarks>Bits: Intel SDM volume 2A, CPUID, leaves 1 and 7; volume 1, section 13.3 for XCR0.</remarks>
public sealed record CpuFeatures
{
    private const ulong VectorState = 0b110;
    private const ulong MaskAndWideState = 0b1110_0000;
    private const ulong TileState = 0b11 << 17;

    private CpuFeatures()
    {
    }

    /// <summary>Those of this machine; nothing where it is no 64-bit x86 or takes no machine code.</summary>
    public static CpuFeatures Current { get; } = Detect();

    /// <summary>256-bit vectors with fused multiply-add.</summary>
    public bool Avx2 { get; private init; }

    /// <summary>512-bit vectors with the byte, word and doubleword instructions.</summary>
    public bool Avx512 { get; private init; }

    /// <summary><c>vdpbf16ps</c> on 512-bit vectors.</summary>
    public bool Avx512BFloat16 { get; private init; }

    /// <summary><c>vpdpbusd</c> on 512-bit vectors.</summary>
    public bool Avx512Vnni { get; private init; }

    /// <summary><c>vpdpbusd</c> on 256-bit vectors.</summary>
    public bool AvxVnni { get; private init; }

    /// <summary>Matrix tiles with bf16 products, <c>tdpbf16ps</c>; hypervisors often hide them.</summary>
    public bool AmxBFloat16 { get; private init; }

    /// <summary>Matrix tiles with 8-bit products, <c>tdpbusd</c>.</summary>
    public bool AmxInt8 { get; private init; }

    /// <summary>XCR0: the register states that the operating system saves; 0 where it could not be read.</summary>
    public ulong EnabledStates { get; private init; }

    private static CpuFeatures Detect()
    {
        const int HasXgetbv = 1 << 27;
        if (!ExecutableMemory.IsSupported || !X86Base.IsSupported || (X86Base.CpuId(1, 0).Ecx & HasXgetbv) == 0 || ExtendedControlRegister.TryRead() is not ulong states)
        {
            return new CpuFeatures();
        }

        return From(X86Base.CpuId(0, 0).Eax, X86Base.CpuId(1, 0).Ecx, X86Base.CpuId(7, 0), X86Base.CpuId(7, 1).Eax, states);
    }

    /// <summary>Reads the registers that CPUID and XGETBV return.</summary>
    /// <param name="maximumLeaf">The last leaf that CPUID has.</param>
    /// <param name="leaf1Ecx">ecx of leaf 1.</param>
    /// <param name="leaf7">Leaf 7, subleaf 0.</param>
    /// <param name="leaf7Subleaf1Eax">eax of leaf 7, subleaf 1.</param>
    /// <param name="states">XCR0.</param>
    internal static CpuFeatures From(int maximumLeaf, int leaf1Ecx, (int Eax, int Ebx, int Ecx, int Edx) leaf7, int leaf7Subleaf1Eax, ulong states)
    {
        static bool Bit(int register, int bit) => ((register >> bit) & 1) != 0;
        if (maximumLeaf < 7)
        {
            leaf7 = default;
        }

        // A CPU without subleaf 1 may answer with the data of another leaf.
        int more = leaf7.Eax >= 1 ? leaf7Subleaf1Eax : 0;
        bool vectors = (states & VectorState) == VectorState && Bit(leaf1Ecx, 28);
        bool avx2 = vectors && Bit(leaf1Ecx, 12) && Bit(leaf7.Ebx, 5);
        bool tiles = (states & TileState) == TileState && Bit(leaf7.Edx, 24);
        bool avx512 = avx2 && (states & MaskAndWideState) == MaskAndWideState && Bit(leaf7.Ebx, 16) && Bit(leaf7.Ebx, 17) && Bit(leaf7.Ebx, 30);
        return new CpuFeatures
        {
            Avx2 = avx2,
            Avx512 = avx512,
            Avx512BFloat16 = avx512 && Bit(more, 5),
            Avx512Vnni = avx512 && Bit(leaf7.Ecx, 11),
            AvxVnni = avx2 && Bit(more, 4),
            AmxBFloat16 = avx512 && tiles && Bit(leaf7.Edx, 22),
            AmxInt8 = avx512 && tiles && Bit(leaf7.Edx, 25),
            EnabledStates = states,
        };
    }
}
