namespace Graft.Tensors.Tests;

/// <summary>A ragged batch with random queries, keys and values in one fused matrix, and what the op makes of it.</summary>
internal sealed unsafe class AttentionCase : IDisposable
{
    public AttentionCase(AttentionSettings settings, params int[] lengths)
        : this(settings, lengths, seed: 1)
    {
    }

    public AttentionCase(AttentionSettings settings, int[] lengths, int seed)
    {
        Settings = settings;
        Lengths = lengths;
        int group = settings.Heads / settings.KeyValueHeads;
        int groupStride = ((group + 1) * settings.HeadDim) + settings.ValueHeadDim;
        Query = new HeadLayout(1, settings.HeadDim) { HeadsPerGroup = group, GroupStride = groupStride };
        Key = new HeadLayout(1 + (group * settings.HeadDim), groupStride);
        Value = new HeadLayout(1 + ((group + 1) * settings.HeadDim), groupStride);
        Columns = 1 + (settings.KeyValueHeads * groupStride);
        Tape = new Tape { Mode = TapeMode.Recording };
        X = Input(seed);
    }

    public AttentionSettings Settings { get; }

    public int[] Lengths { get; }

    public HeadLayout Query { get; }

    public HeadLayout Key { get; }

    public HeadLayout Value { get; }

    public int Columns { get; }

    public Tape Tape { get; }

    /// <summary>[tokens, <see cref="Columns"/>].</summary>
    public float[] X { get; set; }

    public float[] Output { get; private set; } = [];

    public float[] Gradient { get; private set; } = [];

    public AttentionReference Reference => new(Settings, Query, Key, Value);

    public int OutputColumns => Settings.Heads * Settings.ValueHeadDim;

    public static AttentionSettings Plain(int heads, int keyValueHeads, int headDim, int valueHeadDim) => new()
    {
        Heads = heads,
        KeyValueHeads = keyValueHeads,
        HeadDim = headDim,
        ValueHeadDim = valueHeadDim,
        Scale = 1 / MathF.Sqrt(headDim),
    };

    /// <summary>Weight of each output element in the loss.</summary>
    public static float LossWeight(int index) => MathF.Sin((index * 0.7f) + 0.3f);

    /// <summary>Runs forward, and backward from the loss Σ weight * output.</summary>
    public AttentionCase Run()
    {
        Tape.Reset();
        var sequences = new SequenceLayout();
        foreach (int length in Lengths)
        {
            sequences.Add(length);
        }

        Tensor x = Tape.NewTensor(sequences.Rows, Columns, sequences, requiresGrad: true);
        X.CopyTo(x.Span);
        Tensor y = Op.Attention(Tape, x, Query, x, Key, x, Value, Settings, training: true);
        Output = y.Span.ToArray();
        if (Tape.Mode == TapeMode.Recording)
        {
            float* gradient = Tape.GradientOf(y, out _);
            int row = 0;
            foreach (int length in Lengths)
            {
                for (int i = 0; i < length * OutputColumns; i++)
                {
                    gradient[(row * OutputColumns) + i] = LossWeight(i);
                }

                row += length;
            }

            Tape.Backward();
            Gradient = x.Count == 0 ? [] : new Span<float>(x.Gradient, (int)x.Count).ToArray();
        }

        return this;
    }

    public void Dispose() => Tape.Dispose();

    private float[] Input(int seed)
    {
        var random = new Random(seed);
        var x = new float[Lengths.Sum() * Columns];
        for (int i = 0; i < x.Length; i++)
        {
            x[i] = (float)((random.NextDouble() * 3) - 1.5);
        }

        return x;
    }
}
