using Graft.Tensors.Assembly;

namespace Graft.Tensors.Kernels;

/// <summary>The innermost product of packed units of several k: what runs it on this CPU, and how its operands are packed.</summary>
/// <param name="maxRows">Rows of the largest tile.</param>
/// <param name="maxVectors">Vectors of the widest tile.</param>
/// <param name="lanes">32-bit elements in a vector.</param>
/// <param name="packedRows">Units that one group of k takes in a packed panel of A.</param>
/// <param name="isRowMajor">Whether a packed panel of A holds row after row; else group after group.</param>
internal abstract class ProductTile(int maxRows, int maxVectors, int lanes, int packedRows, bool isRowMajor = false)
{
    private const int WideLanes = 16;

    /// <summary>Groups of k in a block. With two k in a group, a block of bf16 is 256 terms: part of the numerical contract.</summary>
    public const int BlockGroups = 128;

    /// <summary>Rows of the largest tile.</summary>
    public int MaxRows { get; } = maxRows;

    /// <summary>Vectors of the widest tile.</summary>
    public int MaxVectors { get; } = maxVectors;

    /// <summary>32-bit elements in a vector.</summary>
    public int Lanes { get; } = lanes;

    /// <summary>Units that one group of k takes in a packed panel of A.</summary>
    public int PackedRows { get; } = packedRows;

    /// <summary>Whether a packed panel of A holds row after row, each with a unit for every group of k; else group after group, each with a unit for every row.</summary>
    public bool IsRowMajor { get; } = isRowMajor;

    /// <summary>Columns of the widest tile.</summary>
    public int Columns => MaxVectors * Lanes;

    /// <summary>Vector length to pack with: the tile's, or less where the instruction set in use has shorter vectors.</summary>
    public int PackingLanes => Math.Min(Lanes, VectorLanes);

    /// <summary>Vector length of the instruction set in use, in 32-bit elements.</summary>
    public static int VectorLanes => InstructionSet.Current switch { Isa.Avx512 => WideLanes, Isa.Avx2 => 8, Isa.Vector128 => 4, _ => 1 };

    /// <summary>Bytes of A that a worker keeps in its second-level cache.</summary>
    public int CachedBytes => Lanes == WideLanes ? 768 * 1024 : 256 * 1024;

    /// <summary>Number of panels that rows are split into; they differ by one row at most, and the taller come first.</summary>
    public int RowPanels(int rows) => (rows + MaxRows - 1) / MaxRows;

    /// <summary>First row of a panel.</summary>
    /// <param name="rows">Rows in all.</param>
    /// <param name="panels">Panels in all.</param>
    /// <param name="panel">Index of the panel.</param>
    public static int PanelStart(int rows, int panels, int panel) => (panel * (rows / panels)) + Math.Min(panel, rows % panels);

    /// <summary>Runs panels of A, all of the same height, over one panel of B.</summary>
    /// <param name="rows">Rows of each panel, 1 to <see cref="MaxRows"/>.</param>
    /// <param name="width">Columns, 1 to <see cref="Columns"/>; in the packed panel of B they are padded to whole vectors.</param>
    /// <param name="arguments">The operands; changed.</param>
    public abstract void Run(int rows, int width, ref TileArguments arguments);
}
