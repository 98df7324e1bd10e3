namespace Graft.Tensors.Kernels;

/// <summary>The rows of a batch that have a target, and how to walk over them in chunks. Its memory is the arena's until <see cref="Dispose"/>.</summary>
internal readonly unsafe ref struct LabelledRows : IDisposable
{
    private readonly StepArenaRange _indices;
    private readonly StepArenaRange _starts;
    private readonly StepArenaRange _losses;
    private readonly int _sequences;

    /// <summary>Finds the labelled rows.</summary>
    /// <param name="tape">Its arena holds the lists.</param>
    /// <param name="sequences">The batch.</param>
    /// <param name="targets">One a row; <see cref="NoTarget"/> for none.</param>
    /// <param name="vocabulary">Number of classes.</param>
    /// <exception cref="ArgumentException">A target is neither a class nor <see cref="NoTarget"/>, or their number is not that of the rows.</exception>
    public LabelledRows(Tape tape, SequenceLayout sequences, ReadOnlySpan<int> targets, int vocabulary)
    {
        Require(sequences.Rows, targets, vocabulary);
        Count = targets.Length - targets.Count(NoTarget);
        _sequences = sequences.Count;
        _indices = new StepArenaRange(tape, Count);
        _starts = new StepArenaRange(tape, _sequences + 1);
        _losses = new StepArenaRange(tape, 2L * Count);
        int found = 0;
        for (int s = 0; s < _sequences; s++)
        {
            Starts[s] = found;
            for (int row = sequences.Offsets[s]; row < sequences.Offsets[s + 1]; row++)
            {
                if (targets[row] != NoTarget)
                {
                    Indices[found++] = row;
                }
            }
        }

        Starts[_sequences] = found;
    }

    /// <summary>The target of a row that does not count: torch's <c>ignore_index</c>.</summary>
    public const int NoTarget = -100;

    /// <summary>Number of labelled rows.</summary>
    public int Count { get; }

    /// <summary>Index of each labelled row in the batch, ascending.</summary>
    public int* Indices => (int*)_indices.Data;

    /// <summary>Room for the loss of each labelled row.</summary>
    public double* Losses => (double*)_losses.Data;

    private int* Starts => (int*)_starts.Data;

    /// <summary>The next labelled rows, at most <paramref name="limit"/>, in segments that do not cross a sequence.</summary>
    /// <param name="first">Number of labelled rows already taken.</param>
    /// <param name="sequence">Where the last call left off: 0 at first.</param>
    /// <param name="limit">Most rows of a chunk.</param>
    /// <param name="wholeSegments">
    /// Split a sequence only after each <paramref name="limit"/> of its rows, so that its segments do not depend on the batch it is in.
    /// </param>
    /// <param name="segments">Receives the start of each segment, from 0, and the end of the last; room for <paramref name="limit"/> + 1.</param>
    /// <returns>Number of segments.</returns>
    public int NextChunk(int first, ref int sequence, int limit, bool wholeSegments, scoped Span<int> segments)
    {
        int taken = 0;
        int count = 0;
        segments[0] = 0;
        while (taken < limit && first + taken < Count)
        {
            int left = Starts[sequence + 1] - first - taken;
            if (left == 0)
            {
                sequence++;
                continue;
            }

            int piece = Math.Min(left, limit);
            if (piece > limit - taken)
            {
                if (wholeSegments)
                {
                    break;
                }

                piece = limit - taken;
            }

            taken += piece;
            segments[++count] = taken;
        }

        return count;
    }

    /// <summary>Adds the losses up: row by row in each sequence, then over the sequences.</summary>
    /// <param name="tokenLosses">Receives the loss of every row of the batch, 0 where none; may be empty.</param>
    public LossSum Sum(Span<float> tokenLosses)
    {
        tokenLosses.Clear();
        double total = 0;
        for (int s = 0; s < _sequences; s++)
        {
            double sum = 0;
            for (int i = Starts[s]; i < Starts[s + 1]; i++)
            {
                sum += Losses[i];
                if (!tokenLosses.IsEmpty)
                {
                    tokenLosses[Indices[i]] = (float)Losses[i];
                }
            }

            total += sum;
        }

        return new LossSum(total, Count);
    }

    /// <summary>Gives the memory back.</summary>
    public void Dispose()
    {
        _losses.Dispose();
        _starts.Dispose();
        _indices.Dispose();
    }

    private static void Require(int rows, ReadOnlySpan<int> targets, int vocabulary)
    {
        if (targets.Length != rows)
        {
            throw new ArgumentException($"there are {targets.Length} targets for {rows} rows");
        }

        for (int row = 0; row < rows; row++)
        {
            if (targets[row] != NoTarget && (uint)targets[row] >= (uint)vocabulary)
            {
                throw new ArgumentException(
                    $"row {row}: the target {targets[row]} is outside the vocabulary of {vocabulary}; {NoTarget} means no target");
            }
        }
    }
}
