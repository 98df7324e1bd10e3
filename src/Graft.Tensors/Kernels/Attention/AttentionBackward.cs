using System.Runtime.Intrinsics;
using Graft.Tensors.Threading;

namespace Graft.Tensors.Kernels;

/// <summary>The backward pass over a batch: a part is one key and value head over one sequence, with all query heads that share it.</summary>
internal static unsafe class AttentionBackward
{
    /// <summary>Adds to the gradients; those that nobody needs are null.</summary>
    public static void Run(
        in AttentionOperands operands, Tensor output, Tensor logSums, float* outputGradient, float* queryGradient, float* keyGradient, float* valueGradient)
    {
        var job = new Job
        {
            Operands = operands,
            Output = output,
            LogSums = logSums,
            OutputGradient = outputGradient,
            QueryGradient = queryGradient,
            KeyGradient = keyGradient,
            ValueGradient = valueGradient,
        };
        AttentionSettings settings = operands.Settings;
        job.Parts = settings.KeyValueHeads * operands.Queries.Sequences.Count;
        job.PartsPerRun = WorkGrain.PartsPerRun(job.Parts, Pairs(operands.Queries.Sequences) * settings.Heads * 2 * (settings.HeadDim + settings.ValueHeadDim));
        WorkerPool.Shared.Run((job.Parts + job.PartsPerRun - 1) / job.PartsPerRun, ref job);
    }

    private static long Pairs(SequenceLayout sequences)
    {
        long pairs = 0;
        for (int i = 0; i < sequences.Count; i++)
        {
            long length = sequences.Offsets[i + 1] - sequences.Offsets[i];
            pairs += length * length;
        }

        return pairs;
    }

    private struct Job : IParallelJob
    {
        public AttentionOperands Operands;
        public Tensor Output;
        public Tensor LogSums;
        public float* OutputGradient;
        public float* QueryGradient;
        public float* KeyGradient;
        public float* ValueGradient;
        public int Parts;
        public int PartsPerRun;

        public readonly void Execute(int part)
        {
            int sequences = Operands.Queries.Sequences.Count;
            int end = Math.Min(Parts, (part + 1) * PartsPerRun);
            for (int i = part * PartsPerRun; i < end; i++)
            {
                AddGroup(i % sequences, i / sequences * Operands.Settings.GroupSize);
            }
        }

        private readonly void AddGroup(int sequence, int firstHead)
        {
            switch (InstructionSet.Current)
            {
                case Isa.Avx512:
                    AddGroup<VectorLanes512, Vector512<float>>(sequence, firstHead);
                    break;
                case Isa.Avx2:
                    AddGroup<VectorLanes256, Vector256<float>>(sequence, firstHead);
                    break;
                case Isa.Vector128:
                    AddGroup<VectorLanes128, Vector128<float>>(sequence, firstHead);
                    break;
                default:
                    AddGroupScalar(sequence, firstHead);
                    break;
            }
        }

        private readonly void AddGroup<TLanes, TVector>(int sequence, int firstHead)
            where TLanes : struct, IVectorLanes<TVector>
            where TVector : struct
        {
            AttentionHead head = Operands.Head(sequence, firstHead, Output, LogSums);
            if (head.QueryCount == 0)
            {
                return;
            }

            var kernel = new BlockedAttentionGradient<TLanes, TVector>(head);
            kernel.AddHead(head, Gradients(head));
            for (int i = 1; i < Operands.Settings.GroupSize; i++)
            {
                AttentionHead next = Operands.Head(sequence, firstHead + i, Output, LogSums);
                kernel.AddHead(next, Gradients(next));
            }

            kernel.Close(head, Gradients(head));
        }

        private readonly void AddGroupScalar(int sequence, int firstHead)
        {
            for (int i = 0; i < Operands.Settings.GroupSize; i++)
            {
                AttentionHead head = Operands.Head(sequence, firstHead + i, Output, LogSums);
                ScalarAttention.Backward(head, Gradients(head));
            }
        }

        private readonly AttentionHeadGradients Gradients(in AttentionHead head) => new()
        {
            Output = At(OutputGradient, Output.Data, head.Output),
            Queries = At(QueryGradient, Operands.Queries.Data, head.Queries),
            Keys = At(KeyGradient, Operands.Keys.Data, head.Keys),
            Values = At(ValueGradient, Operands.Values.Data, head.Values),
        };

        // A gradient is laid out like its tensor.
        private static float* At(float* gradient, float* data, float* element) => gradient == null ? null : gradient + (element - data);
    }
}
