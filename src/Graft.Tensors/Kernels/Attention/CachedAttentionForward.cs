using System.Runtime.Intrinsics;
using Graft.Tensors.Memory;
using Graft.Tensors.Threading;

namespace Graft.Tensors.Kernels;

/// <summary>Attention over a key-value cache: new keys and values are appended, then each head reads its cached ones.</summary>
/// <remarks>
/// Cross-attention appends nothing and reads what <see cref="Append"/> has put there.
/// Sequences with a few new tokens are decoded row by row, a part for each key and value head. Longer pieces (prompts) take the
/// blocked kernel, a part for each head and block of queries. Which of the two depends on nothing but the number of new tokens.
/// </remarks>
internal static unsafe class CachedAttentionForward
{
    // Fewer queries leave most lanes of the blocked kernel empty.
    private const int MinimumBlockedQueries = 8;

    // Reading a key costs more than multiplying by it.
    private const int MemoryWeight = 4;
    private const int HeadsSlot = 7;

    /// <summary>Appends the new keys and values, and attends to all in the slots of the step.</summary>
    public static void Run(in AttentionOperands operands, Tensor output, KeyValueCache cache, int layer) => Run(operands, output, cache, layer, cache.SlotsOfStep, appends: true);

    /// <summary>Attends to what is in <paramref name="slots"/>, one for each sequence; they may repeat.</summary>
    public static void RunCross(in AttentionOperands operands, Tensor output, KeyValueCache cache, int layer, ReadOnlySpan<int> slots)
        => Run(operands, output, cache, layer, slots, appends: false);

    /// <summary>Appends keys and values to the slots of the step.</summary>
    public static void Append(in AttentionOperands operands, KeyValueCache cache, int layer)
    {
        SequenceLayout sequences = operands.Keys.Sequences;
        fixed (int* slots = cache.SlotsOfStep)
        {
            var job = new Job { Operands = operands, Cache = cache, Layer = layer, Slots = slots, Appends = true };
            for (int i = 0; i < sequences.Count; i++)
            {
                cache.Reserve(slots[i], layer, sequences.Offsets[i + 1] - sequences.Offsets[i], operands.Settings.KeyValueHeads);
                for (int head = 0; head < operands.Settings.KeyValueHeads; head++)
                {
                    job.Append(i, head);
                }
            }
        }
    }

    private static void Run(in AttentionOperands operands, Tensor output, KeyValueCache cache, int layer, ReadOnlySpan<int> slots, bool appends)
    {
        SequenceLayout sequences = operands.Queries.Sequences;
        AttentionSettings settings = operands.Settings;
        long decodingKeys = 0;
        long promptPairs = 0;
        for (int i = 0; i < sequences.Count; i++)
        {
            int queries = sequences.Offsets[i + 1] - sequences.Offsets[i];
            if (appends)
            {
                cache.Reserve(slots[i], layer, queries, settings.KeyValueHeads);
            }

            long pairs = (long)queries * (cache.LengthOf(slots[i]) + queries);
            promptPairs += queries >= MinimumBlockedQueries ? pairs : 0;
            decodingKeys += queries >= MinimumBlockedQueries ? 0 : pairs;
        }

        fixed (int* slotsOfSequences = slots)
        {
            var job = new Job { Operands = operands, Output = output, Cache = cache, Layer = layer, Slots = slotsOfSequences, Appends = appends };
            job.Start(settings.KeyValueHeads * sequences.Count, decodingKeys * settings.Heads * (settings.HeadDim + settings.ValueHeadDim) * MemoryWeight);
            if (promptPairs > 0)
            {
                job.Blocks = TokenBlocks.Of(sequences, sequences, MinimumBlockedQueries);
                job.Prompts = true;
                job.Start(settings.Heads * job.Blocks.Count, promptPairs * settings.Heads * (settings.HeadDim + settings.ValueHeadDim));
            }
        }
    }

    private struct Job : IParallelJob
    {
        public AttentionOperands Operands;
        public Tensor Output;
        public KeyValueCache Cache;
        public int Layer;
        public int* Slots;
        public bool Appends;
        public TokenBlocks Blocks;

        /// <summary>False: append everything, and decode the short sequences. True: the long ones.</summary>
        public bool Prompts;

        private int _parts;
        private int _partsPerRun;

        public void Start(int parts, long multiplyAdds)
        {
            _parts = parts;
            _partsPerRun = WorkGrain.PartsPerRun(parts, multiplyAdds);
            WorkerPool.Shared.Run((parts + _partsPerRun - 1) / _partsPerRun, ref this);
        }

        public readonly void Execute(int part)
        {
            int end = Math.Min(_parts, (part + 1) * _partsPerRun);
            for (int i = part * _partsPerRun; i < end; i++)
            {
                if (Prompts)
                {
                    AttendPrompt(Blocks[i % Blocks.Count], i / Blocks.Count);
                }
                else
                {
                    int sequences = Operands.Queries.Sequences.Count;
                    AppendAndDecode(i % sequences, i / sequences);
                }
            }
        }

        private readonly void AttendPrompt(TokenBlock block, int index)
        {
            AttentionHead head = Head(block.Sequence, index);
            AttentionForward.Attend(head, block.First, Math.Min(head.QueryCount, block.First + TokenBlocks.MaxTokens));
        }

        private readonly void AppendAndDecode(int sequence, int keyValueHead)
        {
            if (Appends)
            {
                Append(sequence, keyValueHead);
            }

            int group = Operands.Settings.GroupSize;
            var heads = (AttentionHead*)ThreadScratch.Get(HeadsSlot, (nuint)(group * sizeof(AttentionHead)));
            for (int i = 0; i < group; i++)
            {
                heads[i] = Head(sequence, (keyValueHead * group) + i);
            }

            if (heads[0].QueryCount is > 0 and < MinimumBlockedQueries)
            {
                Decode(heads, group);
            }
        }

        private static void Decode(AttentionHead* heads, int count)
        {
            switch (IsaFor(Math.Min(heads[0].HeadDim, heads[0].ValueHeadDim)))
            {
                case Isa.Avx512:
                    DecodingAttention<VectorLanes512, Vector512<float>>.Forward(heads, count);
                    break;
                case Isa.Avx2:
                    DecodingAttention<VectorLanes256, Vector256<float>>.Forward(heads, count);
                    break;
                case Isa.Vector128:
                    DecodingAttention<VectorLanes128, Vector128<float>>.Forward(heads, count);
                    break;
                default:
                    for (int i = 0; i < count; i++)
                    {
                        ScalarAttention.Forward(heads[i], 0, heads[i].QueryCount);
                    }

                    break;
            }
        }

        // Registers wider than a head would leave all columns to the loops over single elements.
        private static Isa IsaFor(int columns)
        {
            Isa widest = columns >= Vector512<float>.Count ? Isa.Avx512 : columns >= Vector256<float>.Count ? Isa.Avx2 : Isa.Vector128;
            return InstructionSet.Current < widest ? InstructionSet.Current : widest;
        }

        private readonly AttentionHead Head(int sequence, int index)
        {
            AttentionSettings settings = Operands.Settings;
            int slot = Slots[sequence];
            KeyValueCache.LayerCache memory = Cache.MemoryOf(slot, Layer);
            AttentionHead head = Operands.QueryHead(sequence, index, Output, logSums: null);
            long start = (long)(index / settings.GroupSize) * memory.Capacity;
            head.Keys = memory.Keys + (start * settings.HeadDim);
            head.Values = memory.Values + (start * settings.ValueHeadDim);
            head.KeyStride = settings.HeadDim;
            head.ValueStride = settings.ValueHeadDim;
            int cached = Cache.LengthOf(slot);
            head.FirstQuery = Appends ? cached : 0;
            head.KeyCount = Appends ? cached + head.QueryCount : cached;
            return head;
        }

        public readonly void Append(int sequence, int head)
        {
            SequenceLayout sequences = Operands.Keys.Sequences;
            int slot = Slots[sequence];
            KeyValueCache.LayerCache memory = Cache.MemoryOf(slot, Layer);
            int first = sequences.Offsets[sequence];
            int count = sequences.Offsets[sequence + 1] - first;
            long start = ((long)head * memory.Capacity) + Cache.LengthOf(slot);
            AppendRows(Operands.Keys, Operands.KeyLayout.Column(head), first, count, memory.Keys, start, Operands.Settings.HeadDim);
            AppendRows(Operands.Values, Operands.ValueLayout.Column(head), first, count, memory.Values, start, Operands.Settings.ValueHeadDim);
        }

        private static void AppendRows(Tensor from, int column, int first, int count, float* to, long start, int width)
        {
            for (int i = 0; i < count; i++)
            {
                float* source = from.Data + ((long)(first + i) * from.Columns) + column;
                new Span<float>(source, width).CopyTo(new Span<float>(to + ((start + i) * width), width));
            }
        }
    }
}
