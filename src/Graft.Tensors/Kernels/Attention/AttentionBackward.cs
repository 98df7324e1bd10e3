using System.Runtime.Intrinsics;
using Graft.Tensors.Threading;

namespace Graft.Tensors.Kernels;

/// <summary>The backward pass over a batch.</summary>
/// <remarks>
/// A part is a key and value head over one sequence, with all query heads that share it. Where there are too few of them to keep
/// the workers busy, two passes take smaller parts: one for the queries, block by block, one for keys and values. That is 7 products
/// instead of 5, since both compute the probabilities, and the same bits: every sum has the same order either way. A relative bias
/// that trains always takes the one pass, in which a head of a sequence has one sum.
/// </remarks>
internal static unsafe class AttentionBackward
{
    private const int ProductsAtOnce = 5;
    private const int ProductsApart = 7;

    private enum Pass
    {
        Whole,
        Queries,
        KeysAndValues,
    }

    /// <summary>Adds to the gradients; those that nobody needs are null.</summary>
    public static void Run(
        in AttentionOperands operands, Tensor output, Tensor logSums, float* outputGradient, float* queryGradient, float* keyGradient, float* valueGradient, RelativeBiasGradient? biasGradient = null)
    {
        AttentionSettings settings = operands.Settings;
        TokenBlocks blocks = TokenBlocks.Of(operands.Queries.Sequences, operands.Keys.Sequences);
        var job = new Job
        {
            Operands = operands,
            Output = output,
            LogSums = logSums,
            OutputGradient = outputGradient,
            QueryGradient = queryGradient,
            KeyGradient = keyGradient,
            ValueGradient = valueGradient,
            BiasGradient = biasGradient,
            Blocks = blocks,
        };
        OpProfile.Count(5 * operands.MultiplyAdds(), 2 * operands.Bytes());
        int groups = settings.KeyValueHeads * operands.Queries.Sequences.Count;
        long work = blocks.Pairs * settings.Heads * (settings.HeadDim + settings.ValueHeadDim);
        if (InstructionSet.Current == Isa.Scalar || biasGradient is not null || AtOnceIsFaster(groups, WorkGrain.PartsPerRun(groups, work)))
        {
            job.Start(Pass.Whole, groups, 2 * work);
            return;
        }

        if (queryGradient != null)
        {
            job.Start(Pass.Queries, settings.Heads * blocks.Count, work);
        }

        if (keyGradient != null || valueGradient != null)
        {
            job.Blocks = blocks = TokenBlocks.Of(operands.Keys.Sequences, operands.Queries.Sequences);
            job.Start(Pass.KeysAndValues, settings.KeyValueHeads * blocks.Count, work);
        }
    }

    private static bool AtOnceIsFaster(int groups, int groupsPerRun)
    {
        int workers = WorkerPool.Shared.WorkerCount;
        int rounds = (groups + workers - 1) / workers;
        return groupsPerRun > 1 || groups == 0 || (long)rounds * workers * ProductsAtOnce <= (long)groups * ProductsApart;
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
        public RelativeBiasGradient? BiasGradient;
        public TokenBlocks Blocks;
        private Pass _pass;
        private int _parts;
        private int _partsPerRun;

        public void Start(Pass pass, int parts, long multiplyAdds)
        {
            _pass = pass;
            _parts = parts;
            _partsPerRun = WorkGrain.PartsPerRun(parts, multiplyAdds);
            WorkerPool.Shared.Run((parts + _partsPerRun - 1) / _partsPerRun, ref this);
        }

        public readonly void Execute(int part)
        {
            int end = Math.Min(_parts, (part + 1) * _partsPerRun);
            for (int i = part * _partsPerRun; i < end; i++)
            {
                switch (InstructionSet.Current)
                {
                    case Isa.Avx512:
                        Add<VectorLanes512, Vector512<float>>(i);
                        break;
                    case Isa.Avx2:
                        Add<VectorLanes256, Vector256<float>>(i);
                        break;
                    case Isa.Vector128:
                        Add<VectorLanes128, Vector128<float>>(i);
                        break;
                    default:
                        AddScalar(i);
                        break;
                }
            }
        }

        private readonly void Add<TLanes, TVector>(int part)
            where TLanes : struct, IVectorLanes<TVector>
            where TVector : struct
        {
            // Heads outermost: each worker then gets a like share of every sequence.
            switch (_pass)
            {
                case Pass.Whole:
                    int sequences = Operands.Queries.Sequences.Count;
                    AddGroup<TLanes, TVector>(part % sequences, part / sequences, 0, int.MaxValue);
                    break;
                case Pass.Queries:
                    AddQueries<TLanes, TVector>(Blocks[part % Blocks.Count], part / Blocks.Count);
                    break;
                default:
                    TokenBlock keys = Blocks[part % Blocks.Count];
                    AddGroup<TLanes, TVector>(keys.Sequence, part / Blocks.Count, keys.First, keys.First + TokenBlocks.MaxTokens);
                    break;
            }
        }

        /// <summary>A range of keys with all query heads that share them.</summary>
        private readonly void AddGroup<TLanes, TVector>(int sequence, int keyValueHead, int firstKey, int endKey)
            where TLanes : struct, IVectorLanes<TVector>
            where TVector : struct
        {
            int group = Operands.Settings.GroupSize;
            AttentionHead head = Operands.Head(sequence, keyValueHead * group, Output, LogSums);
            if (head.QueryCount == 0 || head.KeyCount == 0)
            {
                return;
            }

            AttentionHeadGradients gradients = Gradients(head);
            var kernel = new BlockedAttentionGradient<TLanes, TVector>(
                head, firstKey, Math.Min(endKey, head.KeyCount), gathersGradients: gradients.Keys != null || gradients.Values != null);
            for (int i = 0; i < group; i++)
            {
                AttentionHead next = Operands.Head(sequence, (keyValueHead * group) + i, Output, LogSums);
                AttentionHeadGradients nextGradients = Gradients(next);
                nextGradients.RelativeBias = BiasAt(sequence, (keyValueHead * group) + i);
                nextGradients.Queries = _pass == Pass.Whole ? nextGradients.Queries : null;
                kernel.AddHead(next, nextGradients, 0, next.QueryCount);
            }

            kernel.Close(head, gradients);
        }

        /// <summary>A block of queries with all keys that they see.</summary>
        private readonly void AddQueries<TLanes, TVector>(TokenBlock block, int index)
            where TLanes : struct, IVectorLanes<TVector>
            where TVector : struct
        {
            AttentionHead head = Operands.Head(block.Sequence, index, Output, LogSums);
            int end = Math.Min(head.QueryCount, block.First + TokenBlocks.MaxTokens);
            int firstKey = head.FirstKeyOf(block.First) / TokenBlocks.MaxTokens * TokenBlocks.MaxTokens;
            AttentionHeadGradients gradients = Gradients(head);
            gradients.Keys = null;
            gradients.Values = null;
            var kernel = new BlockedAttentionGradient<TLanes, TVector>(head, firstKey, head.EndKeyOf(end - 1), gathersGradients: false);
            kernel.AddHead(head, gradients, block.First, end);
        }

        private readonly void AddScalar(int part)
        {
            int sequences = Operands.Queries.Sequences.Count;
            int firstHead = part / sequences * Operands.Settings.GroupSize;
            for (int i = 0; i < Operands.Settings.GroupSize; i++)
            {
                AttentionHead head = Operands.Head(part % sequences, firstHead + i, Output, LogSums);
                AttentionHeadGradients gradients = Gradients(head);
                gradients.RelativeBias = BiasAt(part % sequences, firstHead + i);
                ScalarAttention.Backward(head, gradients);
            }
        }

        private readonly float* BiasAt(int sequence, int head) => BiasGradient is { } bias ? bias.At(sequence, head) : null;

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
