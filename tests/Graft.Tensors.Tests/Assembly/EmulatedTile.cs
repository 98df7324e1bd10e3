using Graft.Tensors.Assembly;
using Graft.Tensors.Kernels;
using Iced.Intel;
using CallingConvention = Graft.Tensors.Assembly.CallingConvention;

namespace Graft.Tensors.Tests.Assembly;

/// <summary>Assembled kernels on an emulated CPU, as a tile that products can run on: they may touch the operands that products gave them, and nothing else.</summary>
internal sealed unsafe class EmulatedTile(AssembledTile tile) : ProductTile(tile.MaxRows, tile.MaxVectors, tile.Lanes, tile.PackedRows, tile.IsRowMajor)
{
    public override void Run(int rows, int width, ref TileArguments arguments)
    {
        Assert.InRange(arguments.Groups, 1, BlockGroups);
        int vectors = (width + Lanes - 1) / Lanes, tail = width % Lanes;
        (int groups, int panels) = ((int)arguments.Groups, (int)arguments.Panels);
        arguments.TailBytes = tail * sizeof(uint);
        var cpu = new EmulatedCpu(tile.Create(new TileShape(rows, vectors, tail != 0), CallingConvention.SystemV).Assemble());
        for (int panel = 0; panel < panels; panel++)
        {
            cpu.Allow(arguments.A + (panel * groups * PackedRows), rows * groups * sizeof(uint), writes: false, $"panel {panel} of A");
        }

        cpu.Allow(arguments.B, groups * vectors * Lanes * sizeof(uint), writes: false, "B");
        cpu.Allow(arguments.Start, arguments.Start == null ? 0 : width * sizeof(int), writes: false, "start");
        for (int row = 0; row < rows * panels; row++)
        {
            cpu.Allow((byte*)arguments.C + (row * arguments.RowBytes), width * sizeof(uint), writes: true, $"row {row} of C");
        }

        fixed (TileArguments* address = &arguments)
        {
            cpu.Allow(address, sizeof(TileArguments), writes: true, "arguments");
            cpu[Register.RDI] = (ulong)address;
            cpu.Call(new byte[1024]);
        }
    }
}
