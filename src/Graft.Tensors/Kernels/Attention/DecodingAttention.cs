using System.Runtime.CompilerServices;
using Graft.Tensors.Memory;

namespace Graft.Tensors.Kernels;

/// <summary>Attention of a few new queries over many keys, row by row: each key and value is read once for all heads that share it.</summary>
/// <remarks>Bound by memory, not by arithmetic: lanes run along the columns of a head, as keys and values lie in the cache.</remarks>
internal static unsafe class DecodingAttention<TLanes, TVector>
    where TLanes : struct, IVectorLanes<TVector>
    where TVector : struct
{
    // Keys (or values) of a block stay in the first-level cache while all rows of queries go over them.
    private const int KeysPerBlock = 64;
    private const int ScratchSlot = 4;
    private const float Log2E = 1.44269504f;

    /// <summary>Output of all query rows of the heads that share a key and value head.</summary>
    /// <param name="heads">The heads; keys and values are the same for all.</param>
    /// <param name="headCount">Number of heads.</param>
    public static void Forward(AttentionHead* heads, int headCount)
    {
        ref readonly AttentionHead head = ref heads[0];
        int begin = head.FirstKeyOf(0);
        int end = head.EndKeyOf(head.QueryCount - 1);
        int padded = PanelCopy.RoundUp(end - begin, TLanes.Count);
        int rows = headCount * head.QueryCount;
        int width = PanelCopy.RoundUp(head.ValueHeadDim, TLanes.Count);
        float* scores = ThreadScratch.GetSingles(ScratchSlot, ((long)rows * (padded + width)) + padded);
        float* outputs = scores + ((long)rows * padded);
        float* biases = outputs + ((long)rows * width);
        for (int block = begin; block < end; block += KeysPerBlock)
        {
            int count = Math.Min(KeysPerBlock, end - block);
            for (int row = 0; row < rows; row++)
            {
                ref readonly AttentionHead of = ref heads[row / head.QueryCount];
                float* query = of.Queries + (row % head.QueryCount * of.QueryStride);
                Dots(query, head.HeadDim, head.Keys + (block * head.KeyStride), head.KeyStride, count, scores + ((long)row * padded) + (block - begin));
            }
        }

        for (int row = 0; row < rows; row++)
        {
            ref readonly AttentionHead of = ref heads[row / head.QueryCount];
            Normalise(of, row % head.QueryCount, begin, scores + ((long)row * padded), padded, biases);
        }

        new Span<float>(outputs, rows * width).Clear();
        for (int block = begin; block < end; block += KeysPerBlock)
        {
            int count = Math.Min(KeysPerBlock, end - block);
            for (int row = 0; row < rows; row++)
            {
                float* probabilities = scores + ((long)row * padded) + (block - begin);
                AddWeighted(probabilities, count, head.Values + (block * head.ValueStride), head.ValueStride, head.ValueHeadDim, outputs + (row * width));
            }
        }

        for (int row = 0; row < rows; row++)
        {
            ref readonly AttentionHead of = ref heads[row / head.QueryCount];
            new ReadOnlySpan<float>(outputs + (row * width), head.ValueHeadDim).CopyTo(new Span<float>(of.Output + (row % head.QueryCount * of.OutputStride), head.ValueHeadDim));
        }
    }

    /// <summary>Dot products of a query with some keys.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Dots(float* query, int columns, float* keys, nint stride, int count, float* scores)
    {
        int i = 0;
        for (; i + 4 <= count; i += 4)
        {
            float* first = keys + (i * stride);
            float* second = first + stride;
            float* third = second + stride;
            float* fourth = third + stride;
            TVector s0 = TLanes.Broadcast(0), s1 = s0, s2 = s0, s3 = s0;
            int column = 0;
            for (; column + TLanes.Count <= columns; column += TLanes.Count)
            {
                TVector q = TLanes.Load(query + column);
                s0 = TLanes.MultiplyAdd(q, TLanes.Load(first + column), s0);
                s1 = TLanes.MultiplyAdd(q, TLanes.Load(second + column), s1);
                s2 = TLanes.MultiplyAdd(q, TLanes.Load(third + column), s2);
                s3 = TLanes.MultiplyAdd(q, TLanes.Load(fourth + column), s3);
            }

            scores[i] = TLanes.Sum(s0) + DotTail(query, first, column, columns);
            scores[i + 1] = TLanes.Sum(s1) + DotTail(query, second, column, columns);
            scores[i + 2] = TLanes.Sum(s2) + DotTail(query, third, column, columns);
            scores[i + 3] = TLanes.Sum(s3) + DotTail(query, fourth, column, columns);
        }

        for (; i < count; i++)
        {
            float* key = keys + (i * stride);
            TVector sum = TLanes.Broadcast(0);
            int column = 0;
            for (; column + TLanes.Count <= columns; column += TLanes.Count)
            {
                sum = TLanes.MultiplyAdd(TLanes.Load(query + column), TLanes.Load(key + column), sum);
            }

            scores[i] = TLanes.Sum(sum) + DotTail(query, key, column, columns);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float DotTail(float* a, float* b, int start, int end)
    {
        float sum = 0;
        for (int i = start; i < end; i++)
        {
            sum += a[i] * b[i];
        }

        return sum;
    }

    /// <summary>Dot products become probabilities; keys that the row does not see get zero.</summary>
    private static void Normalise(in AttentionHead head, int query, int begin, float* scores, int padded, float* biases)
    {
        int first = head.FirstKeyOf(query) - begin;
        int stop = head.EndKeyOf(query) - begin;
        float scale = head.Scale * Log2E;
        for (int i = first; i < stop; i++)
        {
            scores[i] *= scale;
        }

        if (head.SoftCap > 0)
        {
            LaneSoftmax<TLanes, TVector>.Cap(1, padded, scores, null, padded, QueryPanel.SoftCap(head));
        }

        if (head.RelativeBias != null)
        {
            AddByDistance(head.RelativeBias + (head.FirstQuery + query - begin - first), stop - first, scores + first, biases);
        }

        new Span<float>(scores, first).Fill(float.NegativeInfinity);
        new Span<float>(scores + stop, padded - stop).Fill(float.NegativeInfinity);
        for (int i = first; head.Alibi != AlibiForm.None && i < stop; i++)
        {
            scores[i] += QueryPanel.BiasOf(head, begin + i);
        }

        Exponentials(scores, padded);
    }

    /// <summary>Adds the biases of consecutive keys, whose distances fall: they are turned round first.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void AddByDistance(float* bias, int keys, float* scores, float* biases)
    {
        var ascending = new Span<float>(biases, keys);
        new ReadOnlySpan<float>(bias - (keys - 1), keys).CopyTo(ascending);
        ascending.Reverse();
        TVector factor = TLanes.Broadcast(Log2E);
        int i = 0;
        for (; i + TLanes.Count <= keys; i += TLanes.Count)
        {
            TLanes.Store(TLanes.MultiplyAdd(TLanes.Load(biases + i), factor, TLanes.Load(scores + i)), scores + i);
        }

        for (; i < keys; i++)
        {
            scores[i] += biases[i] * Log2E;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Exponentials(float* scores, int padded)
    {
        TVector maximum = TLanes.Load(scores);
        for (int i = TLanes.Count; i < padded; i += TLanes.Count)
        {
            maximum = TLanes.Maximum(maximum, TLanes.Load(scores + i));
        }

        float* lanes = stackalloc float[16];
        TLanes.Store(maximum, lanes);
        float largest = lanes[0];
        for (int i = 1; i < TLanes.Count; i++)
        {
            largest = MathF.Max(largest, lanes[i]);
        }

        TVector shift = TLanes.Broadcast(largest);
        TVector sum = TLanes.Broadcast(0);
        for (int i = 0; i < padded; i += TLanes.Count)
        {
            TVector value = LaneSoftmax<TLanes, TVector>.Exponential(TLanes.Subtract(TLanes.Load(scores + i), shift));
            sum = TLanes.Add(sum, value);
            TLanes.Store(value, scores + i);
        }

        TVector factor = TLanes.Broadcast(1 / TLanes.Sum(sum));
        for (int i = 0; i < padded; i += TLanes.Count)
        {
            TLanes.Store(TLanes.Multiply(TLanes.Load(scores + i), factor), scores + i);
        }
    }

    /// <summary>Adds values weighted by their probabilities.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void AddWeighted(float* probabilities, int count, float* values, nint stride, int columns, float* output)
    {
        int column = 0;
        for (; column + (4 * TLanes.Count) <= columns; column += 4 * TLanes.Count)
        {
            float* value = values + column;
            float* target = output + column;
            TVector s0 = TLanes.Load(target);
            TVector s1 = TLanes.Load(target + TLanes.Count);
            TVector s2 = TLanes.Load(target + (2 * TLanes.Count));
            TVector s3 = TLanes.Load(target + (3 * TLanes.Count));
            for (int i = 0; i < count; i++)
            {
                TVector p = TLanes.Broadcast(probabilities[i]);
                s0 = TLanes.MultiplyAdd(p, TLanes.Load(value), s0);
                s1 = TLanes.MultiplyAdd(p, TLanes.Load(value + TLanes.Count), s1);
                s2 = TLanes.MultiplyAdd(p, TLanes.Load(value + (2 * TLanes.Count)), s2);
                s3 = TLanes.MultiplyAdd(p, TLanes.Load(value + (3 * TLanes.Count)), s3);
                value += stride;
            }

            TLanes.Store(s0, target);
            TLanes.Store(s1, target + TLanes.Count);
            TLanes.Store(s2, target + (2 * TLanes.Count));
            TLanes.Store(s3, target + (3 * TLanes.Count));
        }

        for (; column + TLanes.Count <= columns; column += TLanes.Count)
        {
            TVector sum = TLanes.Load(output + column);
            for (int i = 0; i < count; i++)
            {
                sum = TLanes.MultiplyAdd(TLanes.Broadcast(probabilities[i]), TLanes.Load(values + (i * stride) + column), sum);
            }

            TLanes.Store(sum, output + column);
        }

        for (; column < columns; column++)
        {
            for (int i = 0; i < count; i++)
            {
                output[column] += probabilities[i] * values[(i * stride) + column];
            }
        }
    }
}
