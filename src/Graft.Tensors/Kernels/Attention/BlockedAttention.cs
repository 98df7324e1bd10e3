using Graft.Tensors.Memory;

namespace Graft.Tensors.Kernels;

/// <summary>The forward pass of one head over a range of queries: an online softmax over blocks of keys.</summary>
/// <remarks>
/// Everything is transposed: a row of scores is a key, a lane is a query. So the softmax never sums across a register, and keys and
/// values enter the products element by element, in the layout they have. Milakov and Gimelshein 2018; Dao 2023, "FlashAttention-2".
/// </remarks>
internal static unsafe class BlockedAttention<TLanes, TVector>
    where TLanes : struct, IVectorLanes<TVector>
    where TVector : struct
{
    /// <summary>Keys whose scores are held at a time.</summary>
    public const int KeysPerBlock = 128;

    private const int RowGrain = LaneProduct<TLanes, TVector>.RowGrain;
    private const int ScratchSlot = 4;

    // Far below any score, but finite: a lane that has seen no key yet must not compute infinity minus infinity.
    private const float LowestScore = -1e30f;

    /// <summary>Output and log-sums of query rows <paramref name="first"/> to <paramref name="end"/> - 1, at most <see cref="TokenBlocks.MaxTokens"/>.</summary>
    public static void Forward(in AttentionHead head, int first, int end)
    {
        int valueRows = PanelCopy.RoundUp(head.ValueHeadDim, RowGrain);
        Block block = default;
        float* scratch = block.Prepare(head, valueRows, end - first);
        QueryPanel* panels = stackalloc QueryPanel[TokenBlocks.MaxTokens / QueryPanel.MaxQueries];
        int panelCount = 0;
        for (int row = first; row < end; row += QueryPanel.MaxQueries)
        {
            scratch = Open(head, ref panels[panelCount++], row, end, valueRows, scratch);
        }

        int keyEnd = head.EndKeyOf(end - 1);
        for (int key = head.FirstKeyOf(first) / KeysPerBlock * KeysPerBlock; key < keyEnd; key += KeysPerBlock)
        {
            block.Load(head, key, Math.Min(keyEnd, key + KeysPerBlock), valueRows);
            for (int i = 0; i < panelCount; i++)
            {
                Attend(head, panels[i], block, valueRows);
            }
        }

        for (int i = 0; i < panelCount; i++)
        {
            Close(head, panels[i]);
        }
    }

    private static float* Open(in AttentionHead head, ref QueryPanel panel, int first, int end, int valueRows, float* scratch)
    {
        scratch = panel.Prepare(head, first, end, TLanes.Count, scratch);
        panel.Queries = scratch;
        panel.Outputs = scratch + (head.HeadDim * panel.Lanes);
        float* queries = head.Queries + (first * head.QueryStride);
        PanelCopy.TransposedPanel(queries, head.QueryStride, panel.Count, head.HeadDim, AttentionProduct<TLanes, TVector>.QueryFactor(head), panel.Queries, head.HeadDim, panel.Lanes);
        new Span<float>(panel.Outputs, valueRows * panel.Lanes).Clear();
        new Span<float>(panel.Maximum, panel.Lanes).Fill(LowestScore);
        new Span<float>(panel.Sum, panel.Lanes).Clear();
        return panel.Outputs + (valueRows * panel.Lanes);
    }

    private static void Attend(in AttentionHead head, in QueryPanel panel, in Block block, int valueRows)
    {
        panel.VisibleRows(head, block.First, block.End, out int begin, out int end);
        if (begin >= end)
        {
            return;
        }

        int keys = end - begin;
        int lanes = panel.Lanes;
        float* keyRows = block.Keys + ((begin - block.First) * head.HeadDim);
        float* valueColumns = block.Values + ((begin - block.First) * valueRows);
        float* bias = block.Bias == null ? null : block.Bias + (begin - block.First);
        AttentionProduct<TLanes, TVector>.Scores(head, PanelCopy.RoundUp(keys, RowGrain), keyRows, head.HeadDim, panel, block.Scores);
        if (head.SoftCap > 0)
        {
            LaneSoftmax<TLanes, TVector>.Cap(keys, lanes, block.Scores, null, lanes, QueryPanel.SoftCap(head));
        }

        panel.Mask<TLanes, TVector>(head, begin, end, block.Scores, bias);
        LaneSoftmax<TLanes, TVector>.Step(keys, lanes, block.Scores, lanes, panel.Maximum, panel.Sum, panel.Outputs, valueRows, lanes);
        if (head.Dropout.Exists)
        {
            head.Dropout.Fill(panel, begin, keys, block.DropoutFactors);
            LaneSoftmax<TLanes, TVector>.Multiply(keys, lanes, block.Scores, block.DropoutFactors, lanes);
        }

        if (head.RoundsScores && !head.UsesBFloat16)
        {
            RoundedTo.ApplyHere(block.Scores, keys * lanes, DType.BFloat16);
        }

        AttentionProduct<TLanes, TVector>.Multiply(
            head, valueRows, lanes, keys, valueColumns, 1, valueRows, block.Scores, lanes, panel.Outputs, lanes, accumulate: true);
    }

    private static void Close(in AttentionHead head, in QueryPanel panel)
    {
        LaneSoftmax<TLanes, TVector>.Divide(head.ValueHeadDim, panel.Lanes, panel.Outputs, panel.Lanes, panel.Sum);
        float* output = head.Output + (panel.First * head.OutputStride);
        PanelCopy.Transposed(panel.Outputs, panel.Lanes, head.ValueHeadDim, panel.Count, 1, output, head.OutputStride);
        for (int i = 0; head.LogSums != null && i < panel.Count; i++)
        {
            head.LogSums[(panel.First + i) * head.LogSumStride] = QueryPanel.ToNatural(panel.Maximum[i] + MathF.Log2(panel.Sum[i]));
        }
    }

    /// <summary>A block of keys and values, close together, and room for one panel's scores.</summary>
    private struct Block
    {
        public int First;
        public int End;
        public float* Keys;
        public float* Values;
        public float* Scores;
        public float* Bias;
        public float* DropoutFactors;

        public float* Prepare(in AttentionHead head, int valueRows, int queries)
        {
            int rows = PanelCopy.RoundUp(Math.Min(KeysPerBlock, head.KeyCount), RowGrain) + RowGrain;
            int panels = (queries + QueryPanel.MaxQueries - 1) / QueryPanel.MaxQueries;
            int keyFloats = PanelCopy.RoundUp(rows * head.HeadDim, 16);
            int valueFloats = PanelCopy.RoundUp(rows * valueRows, 16);
            int panelFloats = QueryPanel.StateFloats + ((head.HeadDim + valueRows) * QueryPanel.MaxQueries);
            int scoreFloats = rows * QueryPanel.MaxQueries;
            long floats = keyFloats + valueFloats + ((head.Dropout.Exists ? 2L : 1L) * scoreFloats) + KeysPerBlock + ((long)panels * panelFloats);
            Keys = ThreadScratch.GetSingles(ScratchSlot, floats);
            Values = Keys + keyFloats;
            Scores = Values + valueFloats;
            float* bias = Scores + scoreFloats;
            Bias = head.Alibi == AlibiForm.None ? null : bias;
            DropoutFactors = bias + KeysPerBlock;
            return DropoutFactors + (head.Dropout.Exists ? scoreFloats : 0);
        }

        public void Load(in AttentionHead head, int first, int end, int valueRows)
        {
            First = first;
            End = end;
            int rows = end - first;
            int padded = PanelCopy.RoundUp(rows, RowGrain) + RowGrain;
            PanelCopy.Rows(head.Keys + (first * head.KeyStride), head.KeyStride, rows, head.HeadDim, Keys, padded, head.HeadDim);
            PanelCopy.Rows(head.Values + (first * head.ValueStride), head.ValueStride, rows, head.ValueHeadDim, Values, rows, valueRows);
            for (int i = 0; Bias != null && i < rows; i++)
            {
                Bias[i] = QueryPanel.BiasOf(head, first + i);
            }
        }
    }
}
