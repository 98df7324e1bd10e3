using Graft.Models;
using Graft.Tensors;
using Graft.Training.Data;

namespace Graft.Training;

/// <summary>Samples laid end to end for one forward pass, with the token that each row should predict. Reused from batch to batch.</summary>
public sealed class MicroBatch
{
    private int[] _targets = new int[256];

    /// <summary>An empty batch.</summary>
    /// <param name="tape">The tape that its forward pass runs on.</param>
    public MicroBatch(Tape tape) => Context = new ForwardContext(tape);

    /// <summary>Tokens and sequences.</summary>
    public ForwardContext Context { get; }

    /// <summary>For each row the next token of its sequence where that is learnt, else -100.</summary>
    public ReadOnlySpan<int> Targets => _targets.AsSpan(0, Context.Sequences.Rows);

    /// <summary>Number of targets that count.</summary>
    public int TrainableTokens { get; private set; }

    /// <summary>Forgets the samples.</summary>
    public void Begin()
    {
        Context.Begin();
        TrainableTokens = 0;
    }

    /// <summary>Appends a sample.</summary>
    /// <param name="sample">The sample.</param>
    /// <param name="key">Names it for the random generator.</param>
    public void Add(TokenizedSample sample, ulong key)
    {
        int start = Context.Sequences.Rows;
        if (sample.SourceIds is not null)
        {
            Context.AddSource(sample.SourceIds, key);
        }

        Context.AddSequence(sample.InputIds, firstPosition: 0, key);
        if (Context.Sequences.Rows > _targets.Length)
        {
            Array.Resize(ref _targets, Math.Max(Context.Sequences.Rows, _targets.Length * 2));
        }

        for (int i = 0; i < sample.Length; i++)
        {
            int target = sample.SourceIds is not null ? sample.Labels[i]
                : i + 1 < sample.Length ? sample.Labels[i + 1]
                : TokenizedSample.Ignored;
            _targets[start + i] = target;
            TrainableTokens += target == TokenizedSample.Ignored ? 0 : 1;
        }
    }
}
