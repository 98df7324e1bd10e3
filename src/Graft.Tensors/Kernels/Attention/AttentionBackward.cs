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
        WorkerPool.Shared.Run(operands.Settings.KeyValueHeads * operands.Queries.Sequences.Count, ref job);
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

        public readonly void Execute(int part)
        {
            int sequences = Operands.Queries.Sequences.Count;
            int group = Operands.Settings.GroupSize;
            int firstHead = part / sequences * group;
            for (int head = firstHead; head < firstHead + group; head++)
            {
                AttentionHead view = Operands.Head(part % sequences, head, Output, LogSums);
                var gradients = new AttentionHeadGradients
                {
                    Output = At(OutputGradient, Output.Data, view.Output),
                    Queries = At(QueryGradient, Operands.Queries.Data, view.Queries),
                    Keys = At(KeyGradient, Operands.Keys.Data, view.Keys),
                    Values = At(ValueGradient, Operands.Values.Data, view.Values),
                };
                ScalarAttention.Backward(view, gradients);
            }
        }

        // A gradient is laid out like its tensor.
        private static float* At(float* gradient, float* data, float* element) => gradient == null ? null : gradient + (element - data);
    }
}
