using Graft.Tensors.Assembly;

namespace Graft.Tensors.Kernels;

/// <summary>The innermost product of <see cref="Int8Product"/> as a tile, to measure what it reaches: a unit is a pair of 16-bit codes.</summary>
internal sealed unsafe class Int8PairTile : ProductTile
{
    private const int Rows = 4;
    private const int VectorWidth = 8;

    private Int8PairTile()
        : base(Rows, Int8Product.PanelWidth / VectorWidth, VectorWidth, Rows)
    {
    }

    /// <summary>The only one.</summary>
    public static Int8PairTile Instance { get; } = new();

    /// <inheritdoc/>
    public override void Run(int rows, int width, ref TileArguments arguments)
        => Int8Product.FourRows((short*)arguments.A, 2 * arguments.Groups, (int)arguments.Groups, (int*)arguments.B, (int*)arguments.C, arguments.Accumulate != 0);
}
