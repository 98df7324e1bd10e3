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

    public static void MultiplyBFloat16(NativeBuffer a, in WeightView b, bool transposed, NativeBuffer c, bool accumulate)
    {
        int k = transposed ? b.Columns : b.Rows;
        for (int i = 0; i < c.Rows; i++)
        {
            for (int j = 0; j < c.Columns; j++)
            {
                float total = accumulate ? c[i, j] : 0;
                bool first = !accumulate;
                for (int start = 0; start < k; start += BFloat16Depth)
                {
                    int end = Math.Min(start + BFloat16Depth, k);
                    float sum = 0;
                    for (int p = start; p < end; p += 2)
                    {
                        uint left = BFloat16.FromSingle(a[i, p]), right = BFloat16.FromSingle(Element(b, transposed, j, p));
                        if (p + 1 < end)
                        {
                            left |= (uint)BFloat16.FromSingle(a[i, p + 1]) << 16;
                            right |= (uint)BFloat16.FromSingle(Element(b, transposed, j, p + 1)) << 16;
                        }

                        sum = BFloat16Dot.Add(left, right, sum);
                    }

                    total = first ? sum : total + sum;
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

    public static void AccumulateTransposedBFloat16(NativeBuffer a, NativeBuffer b, NativeBuffer c, int[] offsets)
    {
        for (int s = 0; s + 1 < offsets.Length; s++)
        {
            for (int start = offsets[s]; start < offsets[s + 1]; start += BFloat16Depth)
            {
                int end = Math.Min(start + BFloat16Depth, offsets[s + 1]);
                for (int i = 0; i < c.Rows; i++)
                {
                    for (int j = 0; j < c.Columns; j++)
                    {
                        float sum = 0;
                        for (int p = start; p < end; p += 2)
                        {
                            uint left = BFloat16.FromSingle(a[p, i]), right = BFloat16.FromSingle(b[p, j]);
                            if (p + 1 < end)
                            {
                                left |= (uint)BFloat16.FromSingle(a[p + 1, i]) << 16;
                                right |= (uint)BFloat16.FromSingle(b[p + 1, j]) << 16;
                            }

                            sum = BFloat16Dot.Add(left, right, sum);
                        }

                        c[i, j] += sum;
                    }
                }
            }
        }
    }

    private static float Element(in WeightView b, bool transposed, int column, int p)
        => WeightDecoder.Read(b, transposed ? ((long)column * b.Columns) + p : ((long)p * b.Columns) + column);
}
