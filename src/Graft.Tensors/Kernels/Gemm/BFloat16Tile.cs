using Graft.Tensors.Assembly;

namespace Graft.Tensors.Kernels;

/// <summary>Chooses the tile of bf16 products: all of them compute the same bits, but for the one by tile registers, which has to be asked for.</summary>
internal static class BFloat16Tile
{
    /// <summary>The fastest that the CPU, GRAFT_ISA and GRAFT_JIT allow.</summary>
    public static ProductTile Current
        => AssembledKernels.BFloat16Amx ? AssembledTile.BFloat16Amx
            : AssembledKernels.BFloat16Dot ? AssembledTile.BFloat16Dot
            : AssembledKernels.BFloat16Fma ? AssembledTile.BFloat16Fma
            : InstructionSet.Current >= Isa.Vector128 ? BFloat16ManagedTile.Vectors
            : BFloat16ManagedTile.Scalar;
}
