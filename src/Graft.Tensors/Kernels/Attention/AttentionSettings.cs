namespace Graft.Tensors;

/// <summary>What kind of attention a layer does.</summary>
public sealed class AttentionSettings
{
    /// <summary>Number of query heads.</summary>
    public required int Heads { get; init; }

    /// <summary>Number of key and value heads; it divides <see cref="Heads"/>, and each serves that many consecutive query heads.</summary>
    public required int KeyValueHeads { get; init; }

    /// <summary>Columns of a query or key head.</summary>
    public required int HeadDim { get; init; }

    /// <summary>Columns of a value head.</summary>
    public required int ValueHeadDim { get; init; }

    /// <summary>Factor of the dot products, usually 1 / sqrt(<see cref="HeadDim"/>).</summary>
    public required float Scale { get; init; }

    /// <summary>Linear biases, if any.</summary>
    public AlibiForm Alibi { get; init; }

    /// <summary>A slope for each query head; required when <see cref="Alibi"/> is set.</summary>
    public float[]? AlibiSlopes { get; init; }

    /// <summary>0 for none; else position i sees i - w + 1 to i and, when not <see cref="Causal"/>, also i + 1 to i + w - 1.</summary>
    public int Window { get; init; }

    /// <summary>0 for none; else scaled dot products s become <c>c tanh(s / c)</c> with this c, before biases (Gemma 2).</summary>
    public float SoftCap { get; init; }

    /// <summary>Probability with which a training step sets a softmax probability to zero; the others are scaled by <c>1 / (1 - it)</c>.</summary>
    public float Dropout { get; init; }

    /// <summary>Whether a position sees only itself and earlier ones.</summary>
    public bool Causal { get; init; } = true;

    /// <summary>Number of query heads that share a key and value head.</summary>
    internal int GroupSize => Heads / KeyValueHeads;

    /// <summary>Refuses impossible settings.</summary>
    /// <exception cref="ArgumentException">A count is not positive, does not divide, or slopes are missing.</exception>
    public void Validate()
    {
        string? wrong = Wrong();
        if (wrong is not null)
        {
            throw new ArgumentException($"attention settings: {wrong}");
        }
    }

    private string? Wrong()
    {
        if (Heads < 1)
        {
            return $"the number of heads must be positive, not {Heads}";
        }

        if (KeyValueHeads < 1 || Heads % KeyValueHeads != 0)
        {
            return $"{KeyValueHeads} key and value heads do not divide {Heads} heads";
        }

        if (HeadDim < 1 || ValueHeadDim < 1)
        {
            return $"head sizes must be positive, not {HeadDim} and {ValueHeadDim}";
        }

        if (!float.IsFinite(Scale))
        {
            return $"the scale must be a finite number, not {Scale}";
        }

        if (Window < 0)
        {
            return $"the window must be 0 (none) or positive, not {Window}";
        }

        if (!(SoftCap >= 0) || !float.IsFinite(SoftCap))
        {
            return $"the soft cap must be 0 (none) or positive, not {SoftCap}";
        }

        if (Dropout is not (>= 0 and < 1))
        {
            return $"a dropout probability of {Dropout} is outside [0, 1)";
        }

        return Alibi == AlibiForm.None || AlibiSlopes?.Length == Heads ? null : $"ALiBi needs {Heads} slopes, one a head; there are {AlibiSlopes?.Length ?? 0}";
    }
}
