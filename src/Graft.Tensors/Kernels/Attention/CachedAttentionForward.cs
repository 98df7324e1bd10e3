using Graft.Tensors.Threading;

namespace Graft.Tensors.Kernels;

/// <summary>Attention over a key-value cache: first the new keys and values are appended, then each head reads its cached ones.</summary>
internal static unsafe class CachedAttentionForward
{
    public static void Run(in AttentionOperands operands, Tensor output, KeyValueCache cache, int layer)
    {
        SequenceLayout sequences = operands.Queries.Sequences;
        AttentionSettings settings = operands.Settings;
        ReadOnlySpan<int> slots = cache.SlotsOfStep;
        for (int i = 0; i < sequences.Count; i++)
        {
            cache.Reserve(slots[i], layer, sequences.Offsets[i + 1] - sequences.Offsets[i], settings.KeyValueHeads);
        }

        var append = new AppendJob { Operands = operands, Cache = cache, Layer = layer };
        WorkerPool.Shared.Run(settings.KeyValueHeads * sequences.Count, ref append);
        var attend = new AttendJob { Operands = operands, Output = output, Cache = cache, Layer = layer };
        WorkerPool.Shared.Run(settings.Heads * sequences.Count, ref attend);
    }

    private struct AppendJob : IParallelJob
    {
        public AttentionOperands Operands;
        public KeyValueCache Cache;
        public int Layer;

        public readonly void Execute(int part)
        {
            SequenceLayout sequences = Operands.Queries.Sequences;
            int sequence = part % sequences.Count;
            int head = part / sequences.Count;
            int slot = Cache.SlotsOfStep[sequence];
            KeyValueCache.LayerCache memory = Cache.MemoryOf(slot, Layer);
            int first = sequences.Offsets[sequence];
            int count = sequences.Offsets[sequence + 1] - first;
            long start = ((long)head * memory.Capacity) + Cache.LengthOf(slot);
            Append(Operands.Keys, Operands.KeyLayout.Column(head), first, count, memory.Keys, start, Operands.Settings.HeadDim);
            Append(Operands.Values, Operands.ValueLayout.Column(head), first, count, memory.Values, start, Operands.Settings.ValueHeadDim);
        }

        private static void Append(Tensor from, int column, int first, int count, float* to, long start, int width)
        {
            for (int i = 0; i < count; i++)
            {
                float* source = from.Data + ((long)(first + i) * from.Columns) + column;
                new Span<float>(source, width).CopyTo(new Span<float>(to + ((start + i) * width), width));
            }
        }
    }

    private struct AttendJob : IParallelJob
    {
        public AttentionOperands Operands;
        public Tensor Output;
        public KeyValueCache Cache;
        public int Layer;

        public readonly void Execute(int part)
        {
            AttentionSettings settings = Operands.Settings;
            int sequences = Operands.Queries.Sequences.Count;
            int slot = Cache.SlotsOfStep[part % sequences];
            KeyValueCache.LayerCache memory = Cache.MemoryOf(slot, Layer);
            AttentionHead head = Operands.QueryHead(part % sequences, part / sequences, Output, logSums: null);
            long start = (long)(part / sequences / settings.GroupSize) * memory.Capacity;
            head.Keys = memory.Keys + (start * settings.HeadDim);
            head.Values = memory.Values + (start * settings.ValueHeadDim);
            head.KeyStride = settings.HeadDim;
            head.ValueStride = settings.ValueHeadDim;
            head.FirstQuery = Cache.LengthOf(slot);
            head.KeyCount = head.FirstQuery + head.QueryCount;
            ScalarAttention.Forward(head, 0, head.QueryCount);
        }
    }
}
