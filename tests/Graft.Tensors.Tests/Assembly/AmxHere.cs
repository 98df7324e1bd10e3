using Graft.Tensors.Assembly;
using Graft.Tensors.Kernels;

namespace Graft.Tensors.Tests.Assembly;

/// <summary>The kernels on tile registers for real, where this machine has them; elsewhere the test that asks is skipped.</summary>
internal static class AmxHere
{
    public static ProductTile Tile(bool isInteger)
    {
        CpuFeatures cpu = CpuFeatures.Current;
        Skip.IfNot(isInteger ? cpu.AmxInt8 : cpu.AmxBFloat16, $"this CPU has no {(isInteger ? "amx_int8" : "amx_bf16")}: only the emulated one ran it");
        Skip.If(TilePermission.Refusal is not null, $"the system gives this process no tile registers: {TilePermission.Refusal}");
        Skip.If(!isInteger && TileCheck.BFloat16IsSound && !TileCheck.BFloat16IsAsDefined, "this CPU's tdpbf16ps rounds otherwise than its manual says");
        return isInteger ? AssembledTile.Int8Amx : AssembledTile.BFloat16Amx;
    }
}
