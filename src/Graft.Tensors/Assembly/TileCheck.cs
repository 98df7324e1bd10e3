using Graft.Tensors.Kernels;

namespace Graft.Tensors.Assembly;

/// <summary>What this CPU's tile products compute, beside their definition: nobody who wrote the kernels has seen them run on silicon.</summary>
/// <remarks>Only where the CPU has the instruction and the system lets this process use it. Once a process, in well under a millisecond.</remarks>
internal static unsafe class TileCheck
{
    private const int Rows = 19;
    private const int Columns = 27;
    private const int Groups = (2 * AmxTileKernel.StepGroups) + 5;

    /// <summary>How far two orders of summation can be apart: a rounding a term, of sums of terms below 4.</summary>
    private const float Bound = 2 * Terms * (4 * Terms) * (1f / (1 << 24));
    private const float Terms = 2 * Groups;

    private static readonly Lazy<(bool IsSound, bool IsAsDefined)> BFloat16 = new(() => CompareBFloat16(AssembledTile.BFloat16Amx));
    private static readonly Lazy<bool> Int8 = new(() => IsExact(AssembledTile.Int8Amx));

    /// <summary>Whether bf16 products are right, give or take the rounding of their sums.</summary>
    public static bool BFloat16IsSound => BFloat16.Value.IsSound;

    /// <summary>Whether they have the bits of <see cref="BFloat16TileDot"/>.</summary>
    public static bool BFloat16IsAsDefined => BFloat16.Value.IsAsDefined;

    /// <summary>Whether 8-bit products are exact.</summary>
    public static bool Int8IsSound => Int8.Value;

    /// <summary>Compares a bf16 tile whose panels of A are row-major with the definition.</summary>
    internal static (bool IsSound, bool IsAsDefined) CompareBFloat16(ProductTile tile)
    {
        uint[] a = DotRounding.Units(Rows * Groups, stream: 2), b = DotRounding.Units(Groups * tile.Columns, stream: 3);
        var c = new float[Rows * Columns];
        Run(tile, a, b, c, start: null);
        bool isSound = true, isAsDefined = true;
        fixed (uint* left = a, right = b)
        {
            for (int i = 0; i < c.Length; i++)
            {
                float expected = BFloat16TileDot.Add(left + (i / Columns * Groups), 1, right + (i % Columns), tile.Columns, Groups, 0);
                isAsDefined &= BitConverter.SingleToUInt32Bits(expected) == BitConverter.SingleToUInt32Bits(c[i]);
                isSound &= MathF.Abs(expected - c[i]) <= Bound;
            }
        }

        return (isSound, isAsDefined);
    }

    /// <summary>Whether an 8-bit tile whose panels of A are row-major computes the exact sums.</summary>
    internal static bool IsExact(ProductTile tile)
    {
        uint[] a = DotRounding.Units(Rows * Groups, stream: 4), b = DotRounding.Units(Groups * tile.Columns, stream: 5);
        int[] start = [.. Enumerable.Range(-tile.Columns / 2, tile.Columns)];
        var c = new int[Rows * Columns];
        Run(tile, a, b, c, start);
        for (int i = 0; i < c.Length; i++)
        {
            int sum = start[i % Columns];
            for (int p = 0; p < 4 * Groups; p++)
            {
                uint left = a[(i / Columns * Groups) + (p / 4)], right = b[(p / 4 * tile.Columns) + (i % Columns)];
                sum += (byte)(left >> (p % 4 * 8)) * (sbyte)(right >> (p % 4 * 8));
            }

            if (sum != c[i])
            {
                return false;
            }
        }

        return true;
    }

    private static void Run<T>(ProductTile tile, uint[] a, uint[] b, T[] c, int[]? start)
        where T : unmanaged
    {
        fixed (uint* left = a, right = b)
        fixed (T* sums = c)
        fixed (int* from = start)
        {
            var arguments = new TileArguments { A = left, B = right, C = sums, RowBytes = Columns * sizeof(T), Groups = Groups, Panels = 1, Start = from, Prefetch = (nint)left };
            tile.Run(Rows, Columns, ref arguments);
        }
    }
}
