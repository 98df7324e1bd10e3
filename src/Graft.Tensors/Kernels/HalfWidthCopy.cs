using Graft.Tensors.Threading;

namespace Graft.Tensors.Kernels;

/// <summary>Copies between fp32 and bf16, shared out among the workers where they are long.</summary>
internal static unsafe class HalfWidthCopy
{
    /// <summary>Rounds to nearest, ties to even.</summary>
    /// <param name="source">fp32.</param>
    /// <param name="destination">bf16.</param>
    /// <param name="count">How many.</param>
    public static void Narrow(float* source, ushort* destination, long count) => Run(new Job { Single = source, Half = destination, Count = count, Narrows = true });

    /// <summary>Widens, exactly.</summary>
    /// <param name="source">bf16.</param>
    /// <param name="destination">fp32.</param>
    /// <param name="count">How many.</param>
    public static void Widen(ushort* source, float* destination, long count) => Run(new Job { Single = destination, Half = source, Count = count });

    private static void Run(Job job)
    {
        OpProfile.Count(0, (double)(sizeof(float) + sizeof(ushort)) * job.Count);
        WorkerPool.Shared.Run((int)((job.Count + Job.PartLength - 1) / Job.PartLength), ref job);
    }

    private struct Job : IParallelJob
    {
        public const int PartLength = 1 << 15;

        public float* Single;
        public ushort* Half;
        public long Count;
        public bool Narrows;

        public readonly void Execute(int part)
        {
            long first = (long)part * PartLength;
            int count = (int)Math.Min(PartLength, Count - first);
            if (Narrows)
            {
                BFloat16.FromSingles(new ReadOnlySpan<float>(Single + first, count), new Span<ushort>(Half + first, count));
            }
            else
            {
                WeightDecoder.Decode(new WeightView((nint)(Half + first), DType.BFloat16, 1, count), 0, count, Single + first);
            }
        }
    }
}
