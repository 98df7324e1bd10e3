namespace Graft.Tensors.Kernels;

/// <summary>Queries, keys and values of a batch, and where their heads lie.</summary>
internal readonly unsafe struct AttentionOperands(
    Tensor queries, HeadLayout queryLayout, Tensor keys, HeadLayout keyLayout, Tensor values, HeadLayout valueLayout, AttentionSettings settings, RelativeBias bias = default, AttentionDropout dropout = default)
{
    public readonly Tensor Queries = queries;
    public readonly Tensor Keys = keys;
    public readonly Tensor Values = values;
    public readonly HeadLayout QueryLayout = queryLayout;
    public readonly HeadLayout KeyLayout = keyLayout;
    public readonly HeadLayout ValueLayout = valueLayout;
    public readonly AttentionSettings Settings = settings;
    public readonly RelativeBias Bias = bias;
    public readonly AttentionDropout Dropout = dropout;

    /// <summary>What probabilities and their gradients are rounded to before they are multiplied.</summary>
    public ComputePrecision Precision { get; init; }

    public void Validate()
    {
        Settings.Validate();
        if (Values.Rows != Keys.Rows)
        {
            throw new ArgumentException($"attention: {Keys.Rows} keys and {Values.Rows} values; there must be one of each for a token");
        }

        if (!ReferenceEquals(Queries.Sequences, Keys.Sequences))
        {
            ValidateCross();
        }
        else if (Keys.Rows != Queries.Rows)
        {
            throw new ArgumentException($"attention: {Queries.Rows} queries and {Keys.Rows} keys; there must be one of each for a token");
        }

        QueryLayout.Validate("attention queries", Queries, Settings.Heads, Settings.HeadDim);
        KeyLayout.Validate("attention keys", Keys, Settings.KeyValueHeads, Settings.HeadDim);
        ValueLayout.Validate("attention values", Values, Settings.KeyValueHeads, Settings.ValueHeadDim);
    }

    // Queries of one text over keys of another: an encoder's, which has as many sequences.
    private void ValidateCross()
    {
        SequenceLayout queries = Queries.Sequences;
        SequenceLayout keys = Keys.Sequences;
        if (Settings.Causal || Settings.Window != 0 || Bias.Exists)
        {
            throw new ArgumentException("attention over the keys of another batch must be neither causal nor have a window or a relative bias");
        }

        if (keys.Count != queries.Count)
        {
            throw new ArgumentException($"attention: queries of {queries.Count} sequences over keys of {keys.Count}; there must be as many");
        }

        for (int i = 0; i < keys.Count; i++)
        {
            if (keys.Offsets[i] == keys.Offsets[i + 1] && queries.Offsets[i] < queries.Offsets[i + 1])
            {
                throw new ArgumentException($"attention: sequence {i} has queries but no keys");
            }
        }
    }

    /// <summary>One head over one sequence, keys and values from the batch itself.</summary>
    /// <param name="sequence">Index of the sequence.</param>
    /// <param name="head">Index of the query head.</param>
    /// <param name="output">[tokens, heads * value head size].</param>
    /// <param name="logSums">[tokens, heads], or null.</param>
    public AttentionHead Head(int sequence, int head, Tensor output, Tensor? logSums)
    {
        ReadOnlySpan<int> offsets = Keys.Sequences.Offsets;
        int row = offsets[sequence];
        int length = offsets[sequence + 1] - row;
        AttentionHead view = QueryHead(sequence, head, output, logSums);
        int keyValueHead = head / Settings.GroupSize;
        view.Keys = Keys.Data + ((long)row * Keys.Columns) + KeyLayout.Column(keyValueHead);
        view.Values = Values.Data + ((long)row * Values.Columns) + ValueLayout.Column(keyValueHead);
        view.KeyStride = Keys.Columns;
        view.ValueStride = Values.Columns;
        view.KeyCount = length;
        view.FirstQuery = 0;
        view.UsesBFloat16 = view.RoundsScores && length >= BFloat16LaneProduct.LeastKeys && BFloat16LaneProduct.IsOn;
        view.FirstPosition = length == 0 ? 0 : Keys.Sequences.Positions[row];
        return view;
    }

    /// <summary>One head over one sequence without keys and values.</summary>
    public AttentionHead QueryHead(int sequence, int head, Tensor output, Tensor? logSums)
    {
        ReadOnlySpan<int> offsets = Queries.Sequences.Offsets;
        int row = offsets[sequence];
        return new AttentionHead
        {
            Queries = Queries.Data + ((long)row * Queries.Columns) + QueryLayout.Column(head),
            Output = output.Data + ((long)row * output.Columns) + (head * Settings.ValueHeadDim),
            LogSums = logSums is null ? null : logSums.Data + ((long)row * logSums.Columns) + head,
            QueryStride = Queries.Columns,
            OutputStride = output.Columns,
            LogSumStride = Settings.Heads,
            QueryCount = offsets[sequence + 1] - row,
            HeadDim = Settings.HeadDim,
            ValueHeadDim = Settings.ValueHeadDim,
            Window = Settings.Window,
            Causal = Settings.Causal,
            Scale = Settings.Scale,
            SoftCap = Settings.SoftCap,
            RoundsScores = Precision == ComputePrecision.BFloat16,
            Alibi = Settings.Alibi,
            Slope = Settings.Alibi == AlibiForm.None ? 0 : Settings.AlibiSlopes![head],
            RelativeBias = Bias.Exists ? Bias.At(Bias.Values.Data, head) : null,
            Dropout = Dropout.ForHead(Queries.Sequences.Keys[sequence], head),
        };
    }

    /// <summary>Multiply-adds of the forward pass: pairs of query and key that see each other, times both head sizes.</summary>
    public double MultiplyAdds()
    {
        double pairs = 0;
        for (int i = 0; i < Queries.Sequences.Count; i++)
        {
            double queries = Queries.Sequences.Offsets[i + 1] - Queries.Sequences.Offsets[i];
            double keys = Keys.Sequences.Offsets[i + 1] - Keys.Sequences.Offsets[i];
            double seen = Settings.Window > 0 ? Math.Min(keys, Settings.Window) : keys;
            pairs += (queries * seen) - (Settings.Causal ? seen * (seen - 1) / 2 : 0);
        }

        return pairs * Settings.Heads * (Settings.HeadDim + Settings.ValueHeadDim);
    }

    /// <summary>Bytes of queries, keys, values and outputs.</summary>
    public double Bytes()
        => sizeof(float) * (((double)Queries.Rows * Settings.Heads) + ((double)Keys.Rows * Settings.KeyValueHeads)) * (Settings.HeadDim + Settings.ValueHeadDim);
}
