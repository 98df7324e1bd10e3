using System.Runtime.InteropServices;
using Graft.Tensors.Memory;

namespace Graft.Tensors.Kernels;

/// <summary>The backward pass of the query heads that share a key and value head, over a range of keys of one sequence.</summary>
/// <remarks>
/// Keys and values are gathered once; then each panel of queries goes over all blocks of keys that it sees. Probabilities are
/// computed again from the saved log-sums: memory grows with the sequence, not with its square. A sum over keys or queries is
/// always taken in the same order and cut at the same places, whichever range of either a call handles.
/// </remarks>
internal unsafe struct BlockedAttentionGradient<TLanes, TVector>
    where TLanes : struct, IVectorLanes<TVector>
    where TVector : struct
{
    private const int KeysPerBlock = BlockedAttention<TLanes, TVector>.KeysPerBlock;
    private const int RowGrain = LaneProduct<TLanes, TVector>.RowGrain;
    private const int ScratchSlot = 5;
    private const int Alignment = 16;

    // Probability zero for lanes without a query.
    private const float UnreachableLogSum = 1e30f;

    // Rows and columns are padded: keys and head sizes to whole tiles, and head sizes to whole registers where they are lanes.
    private readonly int _firstKey;
    private readonly int _endKey;
    private readonly int _keyRows;
    private readonly int _headRows;
    private readonly int _valueRows;
    private readonly int _headLanes;
    private readonly int _valueLanes;
    private readonly float* _keys; // [keyRows, headRows]
    private readonly float* _values; // [keyRows, valueRows]
    private readonly float* _keyGradients; // [keyRows, headLanes]
    private readonly float* _valueGradients; // [keyRows, valueLanes]
    private readonly float* _scores; // [keys of a block, lanes]
    private readonly float* _scoreGradients; // [keys of a block, lanes]
    private readonly float* _capSlopes; // [keys of a block, lanes], or null
    private readonly float* _dropoutFactors; // [keys of a block, lanes], or null
    private readonly float* _queryGradients; // [headRows, lanes]
    private readonly float* _queryRows; // [lanes, headLanes]
    private readonly float* _outputRows; // [lanes, valueLanes]: gradient of the outputs
    private readonly float* _panelMemory;
    private readonly float* _bias; // one a key, or null
    private QueryPanel _panel;

    /// <summary>Gathers keys and values, and starts their gradients at zero.</summary>
    /// <param name="head">Any head of the group.</param>
    /// <param name="firstKey">First key of the range: a multiple of <see cref="TokenBlocks.MaxTokens"/>.</param>
    /// <param name="endKey">One past the last: a multiple too, or beyond what the queries see.</param>
    /// <param name="gathersGradients">Whether gradients of keys or values are wanted.</param>
    public BlockedAttentionGradient(in AttentionHead head, int firstKey, int endKey, bool gathersGradients)
    {
        _firstKey = firstKey;
        _endKey = endKey;
        int keys = endKey - firstKey;
        _keyRows = PanelCopy.RoundUp(keys, RowGrain) + RowGrain;
        _headRows = PanelCopy.RoundUp(head.HeadDim, RowGrain);
        _valueRows = PanelCopy.RoundUp(head.ValueHeadDim, RowGrain);
        _headLanes = PanelCopy.RoundUp(head.HeadDim, TLanes.Count);
        _valueLanes = PanelCopy.RoundUp(head.ValueHeadDim, TLanes.Count);
        long blockFloats = (long)(Math.Min(KeysPerBlock, _keyRows) + RowGrain) * QueryPanel.MaxQueries;
        long panelFloats = QueryPanel.StateFloats + ((long)(_headRows + _valueRows) * QueryPanel.MaxQueries);
        long laneFloats = (long)(_headRows + _headLanes + _valueLanes) * QueryPanel.MaxQueries;
        long keyFloats = (long)_keyRows * (_headRows + _valueRows + 1 + (gathersGradients ? _headLanes + _valueLanes : 0));
        float* next = ThreadScratch.GetSingles(ScratchSlot, (4 * blockFloats) + panelFloats + laneFloats + keyFloats + (13 * Alignment));
        _scores = Take(ref next, blockFloats);
        _scoreGradients = Take(ref next, blockFloats);
        _capSlopes = head.SoftCap > 0 ? Take(ref next, blockFloats) : null;
        _dropoutFactors = head.Dropout.Exists ? Take(ref next, blockFloats) : null;
        _queryGradients = Take(ref next, (long)_headRows * QueryPanel.MaxQueries);
        _queryRows = Take(ref next, (long)_headLanes * QueryPanel.MaxQueries);
        _outputRows = Take(ref next, (long)_valueLanes * QueryPanel.MaxQueries);
        _panelMemory = Take(ref next, panelFloats);
        _keys = Take(ref next, (long)_keyRows * _headRows);
        _values = Take(ref next, (long)_keyRows * _valueRows);
        _keyGradients = gathersGradients ? Take(ref next, (long)_keyRows * _headLanes) : null;
        _valueGradients = gathersGradients ? Take(ref next, (long)_keyRows * _valueLanes) : null;
        _bias = head.Alibi == AlibiForm.None ? null : Take(ref next, _keyRows);
        _panel = default;
        PanelCopy.Rows(head.Keys + (firstKey * head.KeyStride), head.KeyStride, keys, head.HeadDim, _keys, _keyRows, _headRows);
        PanelCopy.Rows(head.Values + (firstKey * head.ValueStride), head.ValueStride, keys, head.ValueHeadDim, _values, _keyRows, _valueRows);
        if (gathersGradients)
        {
            NativeMemory.Clear(_keyGradients, (nuint)_keyRows * (nuint)_headLanes * sizeof(float));
            NativeMemory.Clear(_valueGradients, (nuint)_keyRows * (nuint)_valueLanes * sizeof(float));
        }
    }

    /// <summary>Adds one query head: to the gradient of its queries, and to those of the gathered keys and values.</summary>
    /// <param name="head">The head.</param>
    /// <param name="gradients">Where its gradients are; those of keys and values only say whether they are wanted.</param>
    /// <param name="firstQuery">First query row: a multiple of <see cref="TokenBlocks.MaxTokens"/>.</param>
    /// <param name="endQuery">One past the last query row.</param>
    public void AddHead(in AttentionHead head, in AttentionHeadGradients gradients, int firstQuery, int endQuery)
    {
        for (int i = _firstKey; _bias != null && i < _endKey; i++)
        {
            _bias[i - _firstKey] = QueryPanel.BiasOf(head, i);
        }

        for (int row = firstQuery; row < endQuery; row += QueryPanel.MaxQueries)
        {
            int last = Math.Min(row + QueryPanel.MaxQueries, endQuery) - 1;
            int firstKey = Math.Max(_firstKey, head.FirstKeyOf(row) / KeysPerBlock * KeysPerBlock);
            int endKey = Math.Min(_endKey, head.EndKeyOf(last));
            if (firstKey >= endKey)
            {
                continue;
            }

            OpenPanel(head, gradients, row, endQuery);
            for (int key = firstKey; key < endKey; key += KeysPerBlock)
            {
                AttendBlock(head, gradients, key, Math.Min(endKey, key + KeysPerBlock));
            }

            if (gradients.Queries != null)
            {
                AddQueryGradients(head, gradients);
            }
        }
    }

    /// <summary>Adds what has been summed up to the gradients of the keys and values.</summary>
    /// <param name="head">Any head of the group.</param>
    /// <param name="gradients">Where its gradients are.</param>
    public readonly void Close(in AttentionHead head, in AttentionHeadGradients gradients)
    {
        int keys = _endKey - _firstKey;
        if (gradients.Keys != null)
        {
            float* target = gradients.Keys + (_firstKey * head.KeyStride);
            PanelCopy.AddRows(_keyGradients, _headLanes, keys, head.HeadDim, head.Scale, target, head.KeyStride);
        }

        if (gradients.Values != null)
        {
            float* target = gradients.Values + (_firstKey * head.ValueStride);
            PanelCopy.AddRows(_valueGradients, _valueLanes, keys, head.ValueHeadDim, 1, target, head.ValueStride);
        }
    }

    private void OpenPanel(in AttentionHead head, in AttentionHeadGradients gradients, int first, int end)
    {
        float* scratch = _panel.Prepare(head, first, end, TLanes.Count, _panelMemory);
        _panel.Queries = scratch;
        _panel.Outputs = scratch + (_headRows * _panel.Lanes);
        float* queries = head.Queries + (first * head.QueryStride);
        float* outputs = head.Output + (first * head.OutputStride);
        float* outputGradients = gradients.Output + (first * head.OutputStride);
        PanelCopy.TransposedPanel(queries, head.QueryStride, _panel.Count, head.HeadDim, AttentionProduct<TLanes, TVector>.QueryFactor(head), _panel.Queries, _headRows, _panel.Lanes);
        PanelCopy.TransposedPanel(outputGradients, head.OutputStride, _panel.Count, head.ValueHeadDim, 1, _panel.Outputs, _valueRows, _panel.Lanes);
        PanelCopy.Rows(queries, head.QueryStride, _panel.Count, head.HeadDim, _queryRows, _panel.Lanes, _headLanes);
        PanelCopy.Rows(outputGradients, head.OutputStride, _panel.Count, head.ValueHeadDim, _outputRows, _panel.Lanes, _valueLanes);
        new Span<float>(_queryGradients, _headRows * _panel.Lanes).Clear();
        for (int i = 0; i < _panel.Lanes; i++)
        {
            bool used = i < _panel.Count;
            _panel.Maximum[i] = used ? QueryPanel.FromNatural(head.LogSums[(first + i) * head.LogSumStride]) : UnreachableLogSum;
            _panel.Sum[i] = used ? Dot(outputs + (i * head.OutputStride), outputGradients + (i * head.OutputStride), head.ValueHeadDim) : 0;
        }
    }

    private readonly void AttendBlock(in AttentionHead head, in AttentionHeadGradients gradients, int block, int blockEnd)
    {
        _panel.VisibleRows(head, block, blockEnd, out int begin, out int end);
        if (begin >= end)
        {
            return;
        }

        int keys = end - begin;
        int rows = PanelCopy.RoundUp(keys, RowGrain);
        int lanes = _panel.Lanes;
        int offset = begin - _firstKey;
        float* keyRows = _keys + ((long)offset * _headRows);
        float* valueRows = _values + ((long)offset * _valueRows);
        AttentionProduct<TLanes, TVector>.Scores(head, rows, keyRows, _headRows, _panel, _scores);
        if (_capSlopes != null)
        {
            LaneSoftmax<TLanes, TVector>.Cap(keys, lanes, _scores, _capSlopes, lanes, QueryPanel.SoftCap(head));
        }

        _panel.Mask<TLanes, TVector>(head, begin, end, _scores, _bias == null ? null : _bias + offset);
        AttentionProduct<TLanes, TVector>.Multiply(head, rows, lanes, head.ValueHeadDim, valueRows, _valueRows, 1, _panel.Outputs, lanes, _scoreGradients, lanes, accumulate: false);
        if (_dropoutFactors != null)
        {
            head.Dropout.Fill(_panel, begin, keys, _dropoutFactors);
            LaneSoftmax<TLanes, TVector>.Multiply(keys, lanes, _scoreGradients, _dropoutFactors, lanes);
        }

        LaneSoftmax<TLanes, TVector>.Gradient(keys, lanes, _scores, _scoreGradients, lanes, _panel.Maximum, _panel.Sum);
        if (gradients.RelativeBias != null)
        {
            LaneSoftmax<TLanes, TVector>.SumByDistance(keys, lanes, _scoreGradients, lanes, gradients.RelativeBias + _panel.DistanceTo(head, begin));
        }

        if (_dropoutFactors != null)
        {
            LaneSoftmax<TLanes, TVector>.Multiply(keys, lanes, _scores, _dropoutFactors, lanes);
        }

        if (_capSlopes != null)
        {
            LaneSoftmax<TLanes, TVector>.Multiply(keys, lanes, _scoreGradients, _capSlopes, lanes);
        }

        if (head.RoundsScores && !head.UsesBFloat16)
        {
            RoundedTo.ApplyHere(_scores, keys * lanes, DType.BFloat16);
            RoundedTo.ApplyHere(_scoreGradients, keys * lanes, DType.BFloat16);
        }

        // The rounding up of the rows must add nothing to the gradients of keys that are not seen.
        new Span<float>(_scores + (keys * lanes), (rows - keys) * lanes).Clear();
        new Span<float>(_scoreGradients + (keys * lanes), (rows - keys) * lanes).Clear();
        if (gradients.Values != null)
        {
            float* target = _valueGradients + ((long)offset * _valueLanes);
            AttentionProduct<TLanes, TVector>.Multiply(head, rows, _valueLanes, lanes, _scores, lanes, 1, _outputRows, _valueLanes, target, _valueLanes, accumulate: true);
        }

        if (gradients.Keys != null)
        {
            float* target = _keyGradients + ((long)offset * _headLanes);
            AttentionProduct<TLanes, TVector>.Multiply(head, rows, _headLanes, lanes, _scoreGradients, lanes, 1, _queryRows, _headLanes, target, _headLanes, accumulate: true);
        }

        if (gradients.Queries != null)
        {
            AttentionProduct<TLanes, TVector>.Multiply(head, _headRows, lanes, keys, keyRows, 1, _headRows, _scoreGradients, lanes, _queryGradients, lanes, accumulate: true);
        }
    }

    private readonly void AddQueryGradients(in AttentionHead head, in AttentionHeadGradients gradients)
    {
        // The rows of the queries are not needed any more.
        PanelCopy.Transposed(_queryGradients, _panel.Lanes, head.HeadDim, _panel.Count, head.Scale, _queryRows, _headLanes);
        float* target = gradients.Queries + (_panel.First * head.QueryStride);
        PanelCopy.AddRows(_queryRows, _headLanes, _panel.Count, head.HeadDim, 1, target, head.QueryStride);
    }

    private static float* Take(ref float* next, long floats)
    {
        float* taken = next;
        next += (floats + (Alignment - 1)) / Alignment * Alignment;
        return taken;
    }

    private static float Dot(float* a, float* b, int count)
    {
        TVector sum = TLanes.Broadcast(0);
        int i = 0;
        for (; i + TLanes.Count <= count; i += TLanes.Count)
        {
            sum = TLanes.MultiplyAdd(TLanes.Load(a + i), TLanes.Load(b + i), sum);
        }

        float total = TLanes.Sum(sum);
        for (; i < count; i++)
        {
            total += a[i] * b[i];
        }

        return total;
    }
}
