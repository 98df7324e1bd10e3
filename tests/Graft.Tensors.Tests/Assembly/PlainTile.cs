using Graft.Tensors.Assembly;
using Graft.Tensors.Kernels;

namespace Graft.Tensors.Tests.Assembly;

/// <summary>Tiles of the assembled kernels' shapes in plain C#: what surrounds the kernels can be tested on any CPU with them.</summary>
internal sealed unsafe class PlainTile : ProductTile
{
    private readonly bool _isInteger;

    private PlainTile(int rows, int lanes, int packedRows, bool isInteger, bool isRowMajor = false)
        : base(rows, 2, lanes, packedRows, isRowMajor)
        => _isInteger = isInteger;

    public static PlainTile Wide(bool isInteger) => new(14, 16, 16, isInteger);

    public static PlainTile Narrow(bool isInteger) => new(6, 8, 8, isInteger);

    /// <summary>The shape and the layout of the kernels on tile registers.</summary>
    public static PlainTile Amx(bool isInteger) => new(AmxTileKernel.MaxRows, 16, AmxTileKernel.MaxRows, isInteger, isRowMajor: true);

    public override void Run(int rows, int width, ref TileArguments arguments)
    {
        Assert.InRange(rows, 1, MaxRows);
        Assert.InRange(width, 1, Columns);
        Assert.InRange(arguments.Groups, 1, BlockGroups);
        for (; arguments.Panels > 0; arguments.Panels--, arguments.A += arguments.Groups * PackedRows, arguments.C = (byte*)arguments.C + (rows * arguments.RowBytes))
        {
            for (int i = 0; i < rows; i++)
            {
                byte* row = (byte*)arguments.C + (i * arguments.RowBytes);
                for (int j = 0; j < width; j++)
                {
                    if (_isInteger)
                    {
                        Add(arguments, width, i, j, ref ((int*)row)[j]);
                    }
                    else
                    {
                        Add(arguments, width, i, j, ref ((float*)row)[j]);
                    }
                }
            }
        }
    }

    private void Add(in TileArguments arguments, int width, int i, int j, ref int c)
    {
        int sum = arguments.Accumulate != 0 ? c : arguments.Start[j];
        for (nint p = 0; p < arguments.Groups; p++)
        {
            (uint left, uint right) = Units(arguments, width, i, j, p);
            for (int r = 0; r < 4; r++)
            {
                sum += (byte)(left >> (8 * r)) * (sbyte)(right >> (8 * r));
            }
        }

        c = sum;
    }

    private void Add(in TileArguments arguments, int width, int i, int j, ref float c)
    {
        int stride = (width + Lanes - 1) / Lanes * Lanes;
        if (IsRowMajor)
        {
            c = BFloat16TileDot.Add(arguments.A + (i * arguments.Groups), 1, arguments.B + j, stride, arguments.Groups, arguments.Accumulate != 0 ? c : 0);
            return;
        }

        float sum = 0;
        for (nint p = 0; p < arguments.Groups; p++)
        {
            (uint left, uint right) = Units(arguments, width, i, j, p);
            sum = BFloat16Dot.Add(left, right, sum);
        }

        c = arguments.Accumulate != 0 ? c + sum : sum;
    }

    private (uint Left, uint Right) Units(in TileArguments arguments, int width, int i, int j, nint p)
        => (arguments.A[IsRowMajor ? (i * arguments.Groups) + p : (p * PackedRows) + i], arguments.B[(p * ((width + Lanes - 1) / Lanes * Lanes)) + j]);
}
