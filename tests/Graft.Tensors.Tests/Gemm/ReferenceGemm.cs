using Graft.Tensors.Kernels;

namespace Graft.Tensors.Tests;

/// <summary>The products as their contract states them, element by element.</summary>
internal static unsafe class ReferenceGemm
{
    /// <summary>Terms that are summed before they are added to C; written out here, because it is part of the contract.</summary>
    public const int Depth = 192;

    public static void Multiply(NativeBuffer a, in WeightView b, bool transposed, NativeBuffer c, bool accumulate)
    {
        int k = transposed ? b.Columns : b.Rows;
        for (int i = 0; i < c.Rows; i++)
        {
            for (int j = 0; j < c.Columns; j++)
            {
                float total = accumulate ? c[i, j] : 0;
                bool first = !accumulate;
                for (int start = 0; start < k; start += Depth)
                {
                    float sum = 0;
                    for (int p = start; p < Math.Min(start + Depth, k); p++)
                    {
                        long index = transposed ? ((long)j * b.Columns) + p : ((long)p * b.Columns) + j;
                        sum = MathF.FusedMultiplyAdd(a[i, p], WeightDecoder.Read(b, index), sum);
                    }

                    total = first ? sum : total + sum;
                    first = false;
                }

                c[i, j] = total;
            }
        }
    }

    /// <summary>Terms of a block of a bf16 product; written out here for the same reason.</summary>
    public const int BFloat16Depth = 256;

    /// <summary>A bf16 product, summed as <see cref="BFloat16Dot"/> says, or by tiles as <see cref="BFloat16TileDot"/> does.</summary>
    public static void MultiplyBFloat16(NativeBuffer a, in WeightView b, bool transposed, NativeBuffer c, bool accumulate, bool byTiles = false)
    {
        int k = transposed ? b.Columns : b.Rows;
        uint* left = stackalloc uint[BFloat16Depth / 2], right = stackalloc uint[BFloat16Depth / 2];
        for (int i = 0; i < c.Rows; i++)
        {
            for (int j = 0; j < c.Columns; j++)
            {
                float total = accumulate ? c[i, j] : 0;
                bool first = !accumulate;
                for (int start = 0; start < k; start += BFloat16Depth)
                {
                    int end = Math.Min(start + BFloat16Depth, k);
                    for (int p = start; p < end; p += 2)
                    {
                        bool isPair = p + 1 < end;
                        left[(p - start) / 2] = Pair(a[i, p], isPair ? a[i, p + 1] : 0);
                        right[(p - start) / 2] = Pair(Element(b, transposed, j, p), isPair ? Element(b, transposed, j, p + 1) : 0);
                    }

                    total = AddBlock(left, right, (end - start + 1) / 2, total, first, byTiles);
                    first = false;
                }

                c[i, j] = total;
            }
        }
    }

    public static void AccumulateTransposed(NativeBuffer a, NativeBuffer b, NativeBuffer c, int[] offsets)
    {
        for (int s = 0; s + 1 < offsets.Length; s++)
        {
            for (int start = offsets[s]; start < offsets[s + 1]; start += Depth)
            {
                for (int i = 0; i < c.Rows; i++)
                {
                    for (int j = 0; j < c.Columns; j++)
                    {
                        float sum = 0;
                        for (int p = start; p < Math.Min(start + Depth, offsets[s + 1]); p++)
                        {
                            sum = MathF.FusedMultiplyAdd(a[p, i], b[p, j], sum);
                        }

                        c[i, j] += sum;
                    }
                }
            }
        }
    }

    public static void AccumulateTransposedBFloat16(NativeBuffer a, NativeBuffer b, NativeBuffer c, int[] offsets, bool byTiles = false)
    {
        uint* left = stackalloc uint[BFloat16Depth / 2], right = stackalloc uint[BFloat16Depth / 2];
        for (int s = 0; s + 1 < offsets.Length; s++)
        {
            for (int start = offsets[s]; start < offsets[s + 1]; start += BFloat16Depth)
            {
                int end = Math.Min(start + BFloat16Depth, offsets[s + 1]);
                for (int i = 0; i < c.Rows; i++)
                {
                    for (int j = 0; j < c.Columns; j++)
                    {
                        for (int p = start; p < end; p += 2)
                        {
                            bool isPair = p + 1 < end;
                            left[(p - start) / 2] = Pair(a[p, i], isPair ? a[p + 1, i] : 0);
                            right[(p - start) / 2] = Pair(b[p, j], isPair ? b[p + 1, j] : 0);
                        }

                        c[i, j] = AddBlock(left, right, (end - start + 1) / 2, c[i, j], isFirst: false, byTiles);
                    }
                }
            }
        }
    }

    private static float AddBlock(uint* a, uint* b, int pairs, float total, bool isFirst, bool byTiles)
    {
        if (byTiles)
        {
            return BFloat16TileDot.Add(a, 1, b, 1, pairs, total);
        }

        float sum = 0;
        for (int p = 0; p < pairs; p++)
        {
            sum = BFloat16Dot.Add(a[p], b[p], sum);
        }

        return isFirst ? sum : total + sum;
    }

    private static uint Pair(float even, float odd) => BFloat16.FromSingle(even) | ((uint)BFloat16.FromSingle(odd) << 16);

    private static float Element(in WeightView b, bool transposed, int column, int p)
        => WeightDecoder.Read(b, transposed ? ((long)column * b.Columns) + p : ((long)p * b.Columns) + column);
}
