using System.Runtime.Intrinsics;

using Graft.Tensors.Threading;

namespace Graft.Tensors.Kernels;

/// <summary>The forward pass over a batch: a part is one head over a block of queries of one sequence.</summary>
internal static unsafe class AttentionForward
{
    public static void Run(in AttentionOperands operands, Tensor output, Tensor? logSums)
    {
        TokenBlocks blocks = TokenBlocks.Of(operands.Queries.Sequences, operands.Keys.Sequences);
        var job = new Job { Operands = operands, Output = output, LogSums = logSums, Blocks = blocks };
        int parts = operands.Settings.Heads * blocks.Count;
        job.PartsPerRun = WorkGrain.PartsPerRun(parts, blocks.Pairs * operands.Settings.Heads * (operands.Settings.HeadDim + operands.Settings.ValueHeadDim));
        job.Parts = parts;
        OpProfile.Count(2 * operands.MultiplyAdds(), operands.Bytes());
        WorkerPool.Shared.Run((parts + job.PartsPerRun - 1) / job.PartsPerRun, ref job);
    }

    /// <summary>Query rows <paramref name="first"/> to <paramref name="end"/> - 1 of one head, with the instruction set in use.</summary>
    public static void Attend(in AttentionHead head, int first, int end)
    {
        switch (InstructionSet.Current)
        {
            case Isa.Avx512:
                BlockedAttention<VectorLanes512, Vector512<float>>.Forward(head, first, end);
                break;
            case Isa.Avx2:
                BlockedAttention<VectorLanes256, Vector256<float>>.Forward(head, first, end);
                break;
            case Isa.Vector128:
                BlockedAttention<VectorLanes128, Vector128<float>>.Forward(head, first, end);
                break;
            default:
                ScalarAttention.Forward(head, first, end);
                break;
        }
    }

    private struct Job : IParallelJob
    {
        public AttentionOperands Operands;
        public Tensor Output;
        public Tensor? LogSums;
        public TokenBlocks Blocks;
        public int Parts;
        public int PartsPerRun;

        public readonly void Execute(int part)
        {
            int end = Math.Min(Parts, (part + 1) * PartsPerRun);
            for (int i = part * PartsPerRun; i < end; i++)
            {
                // Heads outermost: each worker then gets a like share of every sequence.
                TokenBlock block = Blocks[i % Blocks.Count];
                AttentionHead head = Operands.Head(block.Sequence, i / Blocks.Count, Output, LogSums);
                Attend(head, block.First, Math.Min(head.QueryCount, block.First + TokenBlocks.MaxTokens));
            }
        }
    }
}
