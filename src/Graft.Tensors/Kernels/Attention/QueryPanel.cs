using System.Runtime.CompilerServices;

namespace Graft.Tensors.Kernels;

/// <summary>Up to 64 queries side by side, each a lane, and the running state of their softmax.</summary>
internal unsafe struct QueryPanel
{
    /// <summary>Most queries of a panel.</summary>
    public const int MaxQueries = 64;

    /// <summary>Floats of a panel's state that are not matrices.</summary>
    public const int StateFloats = 6 * MaxQueries;

    private const float Log2E = 1.44269504f;

    /// <summary>First query row.</summary>
    public int First;

    /// <summary>Number of query rows.</summary>
    public int Count;

    /// <summary>Lanes in use: <see cref="Count"/> rounded up to whole registers, also the stride of all matrices.</summary>
    public int Lanes;

    /// <summary>First key that each lane sees.</summary>
    public float* FirstKey;

    /// <summary>One past the last key that each lane sees.</summary>
    public float* EndKey;

    /// <summary>Base of the lane's visible keys within a block.</summary>
    public float* BlockFirst;

    /// <summary>End of the lane's visible keys within a block.</summary>
    public float* BlockEnd;

    /// <summary>Forward: the largest score so far. Backward: the logarithm of the sum. To base 2.</summary>
    public float* Maximum;

    /// <summary>Forward: the sum of exponentials so far. Backward: the expectation of the probabilities' gradient.</summary>
    public float* Sum;

    /// <summary>[head size, lanes]: queries, scaled so that scores come out in units of ln 2.</summary>
    public float* Queries;

    /// <summary>[value head size in fours, lanes]: sums of values weighted by exponentials (forward), gradient of the output (backward).</summary>
    public float* Outputs;

    /// <summary>Scores are to base 2: exponentials are then one multiplication shorter.</summary>
    public static float QueryScale(in AttentionHead head) => head.Scale * Log2E;

    /// <summary>What is added to scores to base 2.</summary>
    public static float BiasOf(in AttentionHead head, int key) => head.BiasOf(key) * Log2E;

    /// <summary>The soft cap of scores to base 2.</summary>
    public static float SoftCap(in AttentionHead head) => head.SoftCap * Log2E;

    /// <summary>A logarithm to base e from one to base 2.</summary>
    public static float ToNatural(float binaryLogarithm) => binaryLogarithm / Log2E;

    /// <summary>A logarithm to base 2 from one to base e.</summary>
    public static float FromNatural(float logarithm) => logarithm * Log2E;

    /// <summary>Takes its vectors from scratch, and notes which keys each lane sees. Lanes beyond the last query see what that one sees.</summary>
    public float* Prepare(in AttentionHead head, int first, int end, int laneGrain, float* scratch)
    {
        First = first;
        Count = Math.Min(MaxQueries, end - first);
        Lanes = (Count + laneGrain - 1) / laneGrain * laneGrain;
        FirstKey = scratch;
        EndKey = scratch + MaxQueries;
        BlockFirst = scratch + (2 * MaxQueries);
        BlockEnd = scratch + (3 * MaxQueries);
        Maximum = scratch + (4 * MaxQueries);
        Sum = scratch + (5 * MaxQueries);
        for (int i = 0; i < Lanes; i++)
        {
            int query = first + Math.Min(i, Count - 1);
            FirstKey[i] = head.FirstKeyOf(query);
            EndKey[i] = head.EndKeyOf(query);
        }

        return scratch + StateFloats;
    }

    /// <summary>The rows of a block of keys that any query of the panel sees.</summary>
    public readonly void VisibleRows(in AttentionHead head, int block, int blockEnd, out int begin, out int end)
    {
        begin = Math.Max(block, head.FirstKeyOf(First));
        end = Math.Min(blockEnd, head.EndKeyOf(First + Count - 1));
    }

    /// <summary>Whether every query of the panel sees all keys from <paramref name="begin"/> to <paramref name="end"/> - 1.</summary>
    public readonly bool SeesAll(in AttentionHead head, int begin, int end)
        => head.FirstKeyOf(First + Count - 1) <= begin && head.EndKeyOf(First) >= end;

    /// <summary>Distance of the panel's first query and key <paramref name="begin"/>.</summary>
    public readonly int DistanceTo(in AttentionHead head, int begin) => head.FirstQuery + First - begin;

    /// <summary>Adds biases and hides unseen keys in scores whose first row is key <paramref name="begin"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly void Mask<TLanes, TVector>(in AttentionHead head, int begin, int end, float* scores, float* bias)
        where TLanes : struct, IVectorLanes<TVector>
        where TVector : struct
    {
        if (head.RelativeBias != null)
        {
            LaneSoftmax<TLanes, TVector>.AddByDistance(end - begin, Lanes, scores, Lanes, head.RelativeBias + DistanceTo(head, begin), Log2E);
        }

        if (!SeesAll(head, begin, end))
        {
            for (int i = 0; i < Lanes; i++)
            {
                BlockFirst[i] = FirstKey[i] - begin;
                BlockEnd[i] = EndKey[i] - begin;
            }

            LaneSoftmax<TLanes, TVector>.Mask(end - begin, Lanes, scores, Lanes, bias, BlockFirst, BlockEnd);
        }
        else if (bias != null)
        {
            LaneSoftmax<TLanes, TVector>.AddBias(end - begin, Lanes, scores, Lanes, bias);
        }
    }
}
