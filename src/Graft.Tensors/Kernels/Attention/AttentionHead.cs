namespace Graft.Tensors.Kernels;

/// <summary>The attention of one head over one sequence: where its matrices lie and which keys a query sees.</summary>
/// <remarks>Keys and queries are counted from the first key of the sequence; query row i is key <see cref="FirstQuery"/> + i.</remarks>
internal unsafe struct AttentionHead
{
    /// <summary>[<see cref="QueryCount"/>, HeadDim], rows <see cref="QueryStride"/> floats apart.</summary>
    public float* Queries;

    /// <summary>[<see cref="KeyCount"/>, HeadDim].</summary>
    public float* Keys;

    /// <summary>[<see cref="KeyCount"/>, ValueHeadDim].</summary>
    public float* Values;

    /// <summary>[<see cref="QueryCount"/>, ValueHeadDim].</summary>
    public float* Output;

    /// <summary>Natural logarithm of the sum of the exponentials of a query's scores, one a query; null when nobody needs it.</summary>
    public float* LogSums;

    public nint QueryStride;
    public nint KeyStride;
    public nint ValueStride;
    public nint OutputStride;
    public nint LogSumStride;
    public int QueryCount;
    public int KeyCount;

    /// <summary>Which key the first query is: the number of keys that were there before it.</summary>
    public int FirstQuery;

    /// <summary>Position of key 0 in the text, for ALiBi.</summary>
    public int FirstPosition;

    public int HeadDim;
    public int ValueHeadDim;
    public int Window;
    public bool Causal;
    public float Scale;
    public float SoftCap;

    /// <summary>Whether probabilities and gradients of scores are rounded to bf16 before they are multiplied; queries, keys, values and their gradients come rounded.</summary>
    public bool RoundsScores;

    /// <summary>Whether bf16 kernels multiply, rather than those for fp32.</summary>
    public bool UsesBFloat16;
    public AlibiForm Alibi;
    public float Slope;

    /// <summary>Bias of distance 0; distances are query minus key. Null for none.</summary>
    public float* RelativeBias;

    /// <summary>Dropout of its probabilities; none by default.</summary>
    public AttentionDropout Dropout;

    /// <summary>First key that query row <paramref name="query"/> sees.</summary>
    public readonly int FirstKeyOf(int query)
        => Window == 0 ? 0 : Math.Max(0, FirstQuery + query - Window + 1);

    /// <summary>One past the last key that query row <paramref name="query"/> sees.</summary>
    public readonly int EndKeyOf(int query)
    {
        int self = FirstQuery + query;
        return Causal ? self + 1 : Window == 0 ? KeyCount : (int)Math.Min(KeyCount, (long)self + Window);
    }

    /// <summary>What is added to the scaled score of a query row and a key.</summary>
    public readonly float BiasOf(int query, int key) => BiasOf(key) + (RelativeBias == null ? 0 : RelativeBias[FirstQuery + query - key]);

    /// <summary>What is added to the scaled score of a key, whatever the query.</summary>
    public readonly float BiasOf(int key) => AlibiSlopes.Bias(Alibi, Slope, FirstPosition + key, Scale);
}

/// <summary>Gradients of one head over one sequence; each may be null when nobody needs it. All are added to.</summary>
internal unsafe struct AttentionHeadGradients
{
    /// <summary>Gradient of <see cref="AttentionHead.Output"/>, with its stride.</summary>
    public float* Output;

    /// <summary>[QueryCount, HeadDim], stride of the queries.</summary>
    public float* Queries;

    /// <summary>[KeyCount, HeadDim], stride of the keys.</summary>
    public float* Keys;

    /// <summary>[KeyCount, ValueHeadDim], stride of the values.</summary>
    public float* Values;

    /// <summary>Laid out like <see cref="AttentionHead.RelativeBias"/>.</summary>
    public float* RelativeBias;
}
