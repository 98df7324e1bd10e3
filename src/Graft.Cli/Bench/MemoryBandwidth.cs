using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using Graft.Tensors;
using Graft.Tensors.Kernels;
using Graft.Tensors.Threading;

namespace Graft.Cli.Bench;

/// <summary>How fast the memory is, and how close the decoding kernels come to it, in bytes a second.</summary>
/// <param name="Threads">Workers.</param>
/// <param name="Read">Reading alone: each worker adds up its share of the buffer.</param>
/// <param name="Rows">The product with rows of B, as [out, in] weights are stored.</param>
/// <param name="Columns">The product with columns of B, as [in, out] weights are stored.</param>
internal sealed record BandwidthResult(int Threads, double Read, double Rows, double Columns);

/// <summary>Measures reading and decoding a weight too large for any cache.</summary>
internal static unsafe class MemoryBandwidth
{
    private const int Inputs = 4096;

    /// <summary>Measures on all workers of the shared pool; the three take turns and the best of each counts.</summary>
    /// <param name="bytes">Size of the bf16 weight.</param>
    /// <param name="m">Rows of A: tokens decoded at once.</param>
    /// <param name="rounds">Measurements of each.</param>
    public static BandwidthResult Measure(long bytes, int m, int rounds)
    {
        int outputs = (int)(bytes / sizeof(ushort) / Inputs);
        bytes = (long)outputs * Inputs * sizeof(ushort);
        var weight = (ushort*)NativeMemory.AlignedAlloc((nuint)bytes, 4096);
        var a = (float*)NativeMemory.AlignedAlloc((nuint)m * Inputs * sizeof(float), 64);
        var wide = (float*)NativeMemory.AlignedAlloc((nuint)m * (nuint)outputs * sizeof(float), 64);
        try
        {
            Fill((byte*)weight, bytes);
            new Span<float>(a, m * Inputs).Fill(0.5f);
            var rows = new WeightView((nint)weight, DType.BFloat16, outputs, Inputs);
            var columns = new WeightView((nint)weight, DType.BFloat16, outputs, Inputs);
            new Span<float>(wide, m * outputs).Fill(0.5f);
            double bestRead = double.PositiveInfinity, bestRows = bestRead, bestColumns = bestRead;
            for (int i = 0; i < rounds; i++)
            {
                bestRead = Math.Min(bestRead, Time(() => Read((byte*)weight, bytes)));
                bestRows = Math.Min(bestRows, Time(() => Gemm.MultiplyTransposedSmall(m, a, Inputs, rows, wide, outputs, accumulate: false)));
                bestColumns = Math.Min(bestColumns, Time(() => Gemm.MultiplySmall(m, wide, outputs, columns, a, Inputs, accumulate: false)));
            }

            return new BandwidthResult(WorkerPool.Shared.WorkerCount, bytes / bestRead, bytes / bestRows, bytes / bestColumns);
        }
        finally
        {
            NativeMemory.AlignedFree(weight);
            NativeMemory.AlignedFree(a);
            NativeMemory.AlignedFree(wide);
        }
    }

    /// <summary>How fast all workers together read memory, in bytes a second; the best of a few times.</summary>
    /// <param name="bytes">Size of what is read: larger than any cache.</param>
    public static double MeasureReading(long bytes)
    {
        const int Rounds = 4;
        var data = (byte*)NativeMemory.AlignedAlloc((nuint)bytes, 4096);
        try
        {
            Fill(data, bytes);
            return bytes / Enumerable.Range(0, Rounds).Min(_ => Time(() => Read(data, bytes)));
        }
        finally
        {
            NativeMemory.AlignedFree(data);
        }
    }

    /// <summary>Writes memory, on the workers that will read it.</summary>
    public static void Fill(byte* data, long bytes) => Run(data, bytes, write: true);

    /// <summary>Reads memory once: each worker adds up its share.</summary>
    public static void Read(byte* data, long bytes) => Run(data, bytes, write: false);

    private static void Run(byte* data, long bytes, bool write)
    {
        var sweep = new Sweep { Data = data, Bytes = bytes, Parts = WorkerPool.Shared.WorkerCount, Write = write };
        WorkerPool.Shared.Run(sweep.Parts, ref sweep);
    }

    private static double Time(Action action)
    {
        long start = Stopwatch.GetTimestamp();
        action();
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    private struct Sweep : IParallelJob
    {
        public byte* Data;
        public long Bytes;
        public int Parts;
        public bool Write;
        public long Sum;

        public void Execute(int part)
        {
            const int Step = 256;
            byte* data = Data + (Bytes / Step * part / Parts * Step);
            byte* end = Data + (Bytes / Step * (part + 1) / Parts * Step);
            Vector512<byte> sum0 = default, sum1 = default, sum2 = default, sum3 = default;
            if (Write)
            {
                for (; data < end; data++)
                {
                    *data = 0x3C;
                }
            }

            for (; data < end; data += Step)
            {
                sum0 ^= Vector512.Load(data);
                sum1 ^= Vector512.Load(data + 64);
                sum2 ^= Vector512.Load(data + 128);
                sum3 ^= Vector512.Load(data + 192);
            }

            Interlocked.Add(ref Sum, (sum0 ^ sum1 ^ sum2 ^ sum3)[0]);
        }
    }
}
