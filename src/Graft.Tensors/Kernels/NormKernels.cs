using System.Runtime.CompilerServices;
using Graft.Tensors.Memory;

namespace Graft.Tensors.Kernels;

/// <summary>Layer norm and RMS norm: every row on its own, in fp32.</summary>
/// <remarks>Statistics of a row: mean and 1/√(variance + ε) for the layer norm, 1/√(mean square + ε) for the RMS norm.</remarks>
internal static unsafe class NormKernels
{
    private const int PartLength = 16 * 1024;
    private const int ColumnsPerPart = 256;
    private const int SumLength = 1024;

    /// <summary><c>y = (x - mean) rstd weight + bias</c>; writes two statistics a row.</summary>
    public static void LayerForward(float* x, int rows, int columns, Parameter? weight, Parameter? bias, float epsilon, float* y, float* statistics)
        => RunRows(new ForwardJob
        {
            X = x, Y = y, Statistics = statistics, Rows = rows, Columns = columns, Epsilon = epsilon, Centered = true,
            Weight = Decode(0, weight), Bias = Decode(1, bias), RowsPerPart = RowsPerPart(columns),
        });

    /// <summary><c>y = x rstd weight</c>; writes one statistic a row.</summary>
    public static void RmsForward(float* x, int rows, int columns, Parameter weight, float epsilon, float* y, float* statistics)
        => RunRows(new ForwardJob
        {
            X = x, Y = y, Statistics = statistics, Rows = rows, Columns = columns, Epsilon = epsilon,
            Weight = Decode(0, weight), RowsPerPart = RowsPerPart(columns),
        });

    /// <summary><c>dx (+)= rstd (g - mean(g) - x̂ mean(g x̂))</c>, <c>g = dy weight</c>; dx may be dy.</summary>
    public static void LayerBackward(float* x, float* dy, int rows, int columns, Parameter? weight, float* statistics, float* dx, bool accumulate)
        => RunRows(new BackwardJob
        {
            X = x, Dy = dy, Dx = dx, Statistics = statistics, Rows = rows, Columns = columns, Accumulate = accumulate, Centered = true,
            Weight = Decode(0, weight), RowsPerPart = RowsPerPart(columns),
        });

    /// <summary><c>dx (+)= rstd (g - x̂ mean(g x̂))</c>, <c>g = dy weight</c>; dx may be dy.</summary>
    public static void RmsBackward(float* x, float* dy, int rows, int columns, Parameter weight, float* statistics, float* dx, bool accumulate)
        => RunRows(new BackwardJob
        {
            X = x, Dy = dy, Dx = dx, Statistics = statistics, Rows = rows, Columns = columns, Accumulate = accumulate,
            Weight = Decode(0, weight), RowsPerPart = RowsPerPart(columns),
        });

    /// <summary><c>gradient += Σ dy (x - mean) rstd</c>, one sequence after the other.</summary>
    public static void LayerWeightGradient(float* x, float* dy, int columns, float* statistics, ReadOnlySpan<int> sequenceOffsets, float* gradient)
        => WeightGradient(x, dy, columns, rowsPerToken: 1, statistics, sequenceOffsets, gradient, centered: true);

    /// <summary><c>gradient += Σ dy x rstd</c>, one sequence after the other; a token is <paramref name="rowsPerToken"/> rows.</summary>
    public static void RmsWeightGradient(float* x, float* dy, int columns, int rowsPerToken, float* statistics, ReadOnlySpan<int> sequenceOffsets, float* gradient)
        => WeightGradient(x, dy, columns, rowsPerToken, statistics, sequenceOffsets, gradient, centered: false);

    private static void WeightGradient(
        float* x, float* dy, int columns, int rowsPerToken, float* statistics, ReadOnlySpan<int> sequenceOffsets, float* gradient, bool centered)
    {
        fixed (int* offsets = sequenceOffsets)
        {
            var job = new WeightGradientJob
            {
                X = x, Dy = dy, Columns = columns, Statistics = statistics, Offsets = offsets, Sequences = sequenceOffsets.Length - 1,
                Gradient = gradient, Centered = centered, RowsPerToken = rowsPerToken,
            };
            Lanes.Run((columns + ColumnsPerPart - 1) / ColumnsPerPart, job);
        }
    }

    private static int RowsPerPart(int columns) => Math.Max(1, PartLength / Math.Max(1, columns));

    private static void RunRows(in ForwardJob job)
    {
        OpProfile.Count(0, 2.0 * sizeof(float) * job.Rows * job.Columns);
        Lanes.Run((job.Rows + job.RowsPerPart - 1) / job.RowsPerPart, job);
    }

    private static void RunRows(in BackwardJob job)
    {
        OpProfile.Count(0, (job.Accumulate ? 4.0 : 3.0) * sizeof(float) * job.Rows * job.Columns);
        Lanes.Run((job.Rows + job.RowsPerPart - 1) / job.RowsPerPart, job);
    }

    private static float* Decode(int slot, Parameter? parameter)
    {
        if (parameter is null)
        {
            return null;
        }

        if (parameter.DType == DType.Float32)
        {
            return parameter.Singles;
        }

        float* values = ThreadScratch.GetSingles(slot, parameter.Count);
        parameter.CopyTo(values);
        return values;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TLanes Weighted<TLanes>(TLanes value, PaddedRow weight, int i)
        where TLanes : struct, ILanes<TLanes>
        => weight.IsNull ? value : value * weight.Load<TLanes>(i);

    private struct ForwardJob : ILaneJob
    {
        public float* X, Y, Statistics, Weight, Bias;
        public int Rows, Columns, RowsPerPart;
        public float Epsilon;
        public bool Centered;

        public readonly void Execute<TLanes>(int part)
            where TLanes : struct, ILanes<TLanes>
        {
            int end = Math.Min(Rows, (part + 1) * RowsPerPart);
            for (int row = part * RowsPerPart; row < end; row++)
            {
                float* x = X + ((long)row * Columns);
                float mean = Centered ? (float)(RowReductions.Sum<TLanes, RowReductions.Value>(x, Columns, default) / Columns) : 0;
                double squares = RowReductions.Sum<TLanes, RowReductions.SquaredDistance>(x, Columns, new(mean));
                float rstd = 1 / MathF.Sqrt((float)(squares / Columns) + Epsilon);
                Write<TLanes>(x, Y + ((long)row * Columns), mean, rstd);
                if (Centered)
                {
                    Statistics[2 * row] = mean;
                    Statistics[(2 * row) + 1] = rstd;
                }
                else
                {
                    Statistics[row] = rstd;
                }
            }
        }

        private readonly void Write<TLanes>(float* x, float* y, float mean, float rstd)
            where TLanes : struct, ILanes<TLanes>
        {
            float* buffer = stackalloc float[4 * PaddedRow.Padding];
            int count = Columns;
            var source = new PaddedRow(x, count, buffer);
            var destination = new PaddedRow(y, count, buffer + PaddedRow.Padding);
            var weight = new PaddedRow(Weight, count, buffer + (2 * PaddedRow.Padding));
            var bias = new PaddedRow(Bias, count, buffer + (3 * PaddedRow.Padding));
            TLanes means = TLanes.Broadcast(mean);
            TLanes factor = TLanes.Broadcast(rstd);
            for (int i = 0; i < count; i += Lanes.Count)
            {
                TLanes value = Weighted((source.Load<TLanes>(i) - means) * factor, weight, i);
                destination.Store(bias.IsNull ? value : value + bias.Load<TLanes>(i), i);
            }

            destination.Flush(count);
        }
    }

    private struct BackwardJob : ILaneJob
    {
        public float* X, Dy, Dx, Statistics, Weight;
        public int Rows, Columns, RowsPerPart;
        public bool Accumulate, Centered;

        public readonly void Execute<TLanes>(int part)
            where TLanes : struct, ILanes<TLanes>
        {
            int end = Math.Min(Rows, (part + 1) * RowsPerPart);
            for (int row = part * RowsPerPart; row < end; row++)
            {
                long start = (long)row * Columns;
                float mean = Centered ? Statistics[2 * row] : 0;
                float rstd = Statistics[Centered ? (2 * row) + 1 : row];
                Sums<TLanes>(X + start, Dy + start, mean, out double sum, out double product);
                float meanOfG = Centered ? (float)(sum / Columns) : 0;
                float slope = (float)(product * rstd * rstd / Columns);
                Write<TLanes>(X + start, Dy + start, Dx + start, mean, rstd, meanOfG, slope);
            }
        }

        /// <summary>Sums of <c>g</c> and of <c>g (x - mean)</c>.</summary>
        private readonly void Sums<TLanes>(float* x, float* dy, float mean, out double sum, out double product)
            where TLanes : struct, ILanes<TLanes>
        {
            float* buffer = stackalloc float[3 * PaddedRow.Padding];
            int count = Columns;
            var input = new PaddedRow(x, count, buffer, mean);
            var incoming = new PaddedRow(dy, count, buffer + PaddedRow.Padding);
            var weight = new PaddedRow(Weight, count, buffer + (2 * PaddedRow.Padding));
            TLanes means = TLanes.Broadcast(mean);
            sum = 0;
            product = 0;
            for (int start = 0; start < count; start += SumLength)
            {
                int end = Math.Min(count, start + SumLength);
                TLanes sums = TLanes.Broadcast(0);
                TLanes products = sums;
                for (int i = start; i < end; i += Lanes.Count)
                {
                    TLanes g = Weighted(incoming.Load<TLanes>(i), weight, i);
                    sums += g;
                    products = TLanes.MultiplyAdd(g, input.Load<TLanes>(i) - means, products);
                }

                sum += TLanes.Sum(sums);
                product += TLanes.Sum(products);
            }
        }

        private readonly void Write<TLanes>(float* x, float* dy, float* dx, float mean, float rstd, float meanOfG, float slope)
            where TLanes : struct, ILanes<TLanes>
        {
            float* buffer = stackalloc float[4 * PaddedRow.Padding];
            int count = Columns;
            bool accumulate = Accumulate;
            var input = new PaddedRow(x, count, buffer, mean);
            var incoming = new PaddedRow(dy, count, buffer + PaddedRow.Padding);
            var weight = new PaddedRow(Weight, count, buffer + (2 * PaddedRow.Padding));
            var destination = new PaddedRow(dx, count, buffer + (3 * PaddedRow.Padding));
            TLanes means = TLanes.Broadcast(mean);
            TLanes factor = TLanes.Broadcast(rstd);
            TLanes shift = TLanes.Broadcast(meanOfG);
            TLanes slopes = TLanes.Broadcast(-slope);
            for (int i = 0; i < count; i += Lanes.Count)
            {
                TLanes g = Weighted(incoming.Load<TLanes>(i), weight, i);
                TLanes value = TLanes.MultiplyAdd(input.Load<TLanes>(i) - means, slopes, g - shift) * factor;
                destination.Store(accumulate ? value + destination.Load<TLanes>(i) : value, i);
            }

            destination.Flush(count);
        }
    }

    private struct WeightGradientJob : ILaneJob
    {
        public float* X, Dy, Statistics, Gradient;
        public int* Offsets;
        public int Columns, Sequences, RowsPerToken;
        public bool Centered;

        public readonly void Execute<TLanes>(int part)
            where TLanes : struct, ILanes<TLanes>
        {
            int first = part * ColumnsPerPart;
            int count = Math.Min(ColumnsPerPart, Columns - first);
            float* sum = stackalloc float[ColumnsPerPart];
            for (int s = 0; s < Sequences; s++)
            {
                new Span<float>(sum, count).Clear();
                for (int row = Offsets[s] * RowsPerToken; row < Offsets[s + 1] * RowsPerToken; row++)
                {
                    AddRow<TLanes>(sum, row, ((long)row * Columns) + first, count);
                }

                VectorKernels.Add(Gradient + first, sum, count);
            }
        }

        private readonly void AddRow<TLanes>(float* sum, int row, long start, int count)
            where TLanes : struct, ILanes<TLanes>
        {
            float* buffer = stackalloc float[2 * PaddedRow.Padding];
            var input = new PaddedRow(X + start, count, buffer);
            var incoming = new PaddedRow(Dy + start, count, buffer + PaddedRow.Padding);
            TLanes mean = TLanes.Broadcast(Centered ? Statistics[2 * row] : 0);
            TLanes rstd = TLanes.Broadcast(Statistics[Centered ? (2 * row) + 1 : row]);
            for (int i = 0; i < count; i += Lanes.Count)
            {
                TLanes normalized = (input.Load<TLanes>(i) - mean) * rstd;
                TLanes.MultiplyAdd(incoming.Load<TLanes>(i), normalized, TLanes.Load(sum + i)).Store(sum + i);
            }
        }
    }
}
