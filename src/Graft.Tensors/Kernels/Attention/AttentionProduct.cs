namespace Graft.Tensors.Kernels;

/// <summary>The products of blocked attention, in fp32 or with bf16 kernels as the head says.</summary>
internal static unsafe class AttentionProduct<TLanes, TVector>
    where TLanes : struct, IVectorLanes<TVector>
    where TVector : struct
{
    /// <summary><c>C (+)= A B</c>; parameters as <see cref="LaneProduct{TLanes, TVector}.Multiply"/>.</summary>
    public static void Multiply(
        in AttentionHead head, int rows, int lanes, int depth, float* a, nint rowStride, nint depthStride, float* b, nint bStride, float* c, nint cStride, bool accumulate)
    {
        if (head.UsesBFloat16)
        {
            BFloat16LaneProduct.Multiply(BFloat16Tile.Current, rows, lanes, depth, a, rowStride, depthStride, b, bStride, c, cStride, accumulate);
        }
        else
        {
            LaneProduct<TLanes, TVector>.Multiply(rows, lanes, depth, a, rowStride, depthStride, b, bStride, c, cStride, accumulate);
        }
    }

    /// <summary>Scores to base 2 of some keys and a panel's queries. A scaled query is no bf16, so bf16 kernels take it as it is and the scores are scaled.</summary>
    /// <param name="head">The head.</param>
    /// <param name="rows">Keys, rounded up to whole tiles.</param>
    /// <param name="keys">[rows, <paramref name="keyStride"/>].</param>
    /// <param name="keyStride">Floats from one key to the next.</param>
    /// <param name="panel">The queries, scaled by <see cref="QueryFactor"/>.</param>
    /// <param name="scores">[rows, lanes].</param>
    public static void Scores(in AttentionHead head, int rows, float* keys, nint keyStride, in QueryPanel panel, float* scores)
    {
        int lanes = panel.Lanes;
        Multiply(head, rows, lanes, head.HeadDim, keys, keyStride, 1, panel.Queries, lanes, scores, lanes, accumulate: false);
        if (!head.UsesBFloat16)
        {
            return;
        }

        TVector scale = TLanes.Broadcast(QueryPanel.QueryScale(head));
        for (int i = 0; i < rows * lanes; i += TLanes.Count)
        {
            TLanes.Store(TLanes.Multiply(TLanes.Load(scores + i), scale), scores + i);
        }
    }

    /// <summary>What queries are multiplied with while they are gathered.</summary>
    public static float QueryFactor(in AttentionHead head) => head.UsesBFloat16 ? 1 : QueryPanel.QueryScale(head);
}
