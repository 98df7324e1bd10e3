using Graft.Tensors.Threading;

namespace Graft.Tensors.Kernels;

/// <summary>The forward pass over a batch: a part is one head over one sequence.</summary>
internal static class AttentionForward
{
    public static void Run(in AttentionOperands operands, Tensor output, Tensor? logSums)
    {
        var job = new Job(operands, output, logSums);
        WorkerPool.Shared.Run(operands.Settings.Heads * operands.Queries.Sequences.Count, ref job);
    }

    private readonly struct Job(in AttentionOperands operands, Tensor output, Tensor? logSums) : IParallelJob
    {
        private readonly AttentionOperands _operands = operands;

        public void Execute(int part)
        {
            // Heads outermost: each worker then gets a like share of every sequence.
            int sequences = _operands.Queries.Sequences.Count;
            AttentionHead head = _operands.Head(part % sequences, part / sequences, output, logSums);
            ScalarAttention.Forward(head, 0, head.QueryCount);
        }
    }
}
