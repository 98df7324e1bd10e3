namespace Graft.Training.Data;

/// <summary>What to do with a sample that is longer than the maximum.</summary>
public enum LongSamplePolicy
{
    /// <summary>Cut it, and count what was lost.</summary>
    Truncate,

    /// <summary>Leave it out, and list it.</summary>
    Drop,

    /// <summary>Stop with an error that names the row.</summary>
    Raise,
}

/// <summary>Which end of a long sample is kept.</summary>
public enum TruncationMode
{
    /// <summary>The first tokens.</summary>
    KeepStart,

    /// <summary>The last tokens.</summary>
    KeepEnd,
}

/// <summary>What to do with a sample in which no token is learnt.</summary>
public enum UntrainableSamplePolicy
{
    /// <summary>Leave it out, and list it.</summary>
    Drop,

    /// <summary>Stop with an error that names the row.</summary>
    Raise,
}

/// <summary>How rows become training samples; names and defaults are those of TRL's <c>SFTConfig</c> where it has them.</summary>
public sealed record SampleOptions
{
    /// <summary>The most tokens a sample may have; null for no limit.</summary>
    public int? MaxLength { get; init; } = 1024;

    /// <summary>What to do with longer samples (axolotl's <c>excess_length_strategy</c>).</summary>
    public LongSamplePolicy LongSamples { get; init; }

    /// <summary>Which end is kept when one is cut.</summary>
    public TruncationMode TruncationMode { get; init; }

    /// <summary>What to do with samples in which no token is learnt.</summary>
    public UntrainableSamplePolicy UntrainableSamples { get; init; }

    /// <summary>
    /// Tokens of a block: all texts are joined and cut into blocks of so many tokens, the way to train on books (<c>run_clm.py</c>). For plain
    /// texts only; <see cref="MaxLength"/> does not act then. Null: every row is a sample.
    /// </summary>
    public int? BlockSize { get; init; }

    /// <summary>
    /// Whether only the completion is learnt. Null: yes where a prompt and a completion are told apart, no for plain texts and for rows of token ids.
    /// </summary>
    public bool? CompletionOnlyLoss { get; init; }

    /// <summary>Whether the end-of-sequence token is appended to samples that do not end with it. Rows of token ids stay as they are.</summary>
    public bool AppendEos { get; init; } = true;

    /// <summary>What templates do with null values.</summary>
    public NullPolicy Nulls { get; init; }

    /// <summary>Rows of the model's embedding: a token id at or above it is an error. Null: not checked.</summary>
    public int? VocabularySize { get; init; }
}
