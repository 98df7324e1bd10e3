using Graft.Tensors.Memory;
using Graft.Tensors.Threading;

namespace Graft.Tensors.Kernels;

/// <summary>Layer norm and RMS norm: every row on its own, in fp32.</summary>
/// <remarks>Statistics of a row: mean and 1/√(variance + ε) for the layer norm, 1/√(mean square + ε) for the RMS norm.</remarks>
internal static unsafe class NormKernels
{
    private const int PartLength = 16 * 1024;
    private const int ColumnsPerPart = 256;

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
        => WeightGradient(x, dy, columns, statistics, sequenceOffsets, gradient, centered: true);

    /// <summary><c>gradient += Σ dy x rstd</c>, one sequence after the other.</summary>
    public static void RmsWeightGradient(float* x, float* dy, int columns, float* statistics, ReadOnlySpan<int> sequenceOffsets, float* gradient)
        => WeightGradient(x, dy, columns, statistics, sequenceOffsets, gradient, centered: false);

    private static void WeightGradient(float* x, float* dy, int columns, float* statistics, ReadOnlySpan<int> sequenceOffsets, float* gradient, bool centered)
    {
        fixed (int* offsets = sequenceOffsets)
        {
            var job = new WeightGradientJob
            {
                X = x, Dy = dy, Columns = columns, Statistics = statistics, Offsets = offsets, Sequences = sequenceOffsets.Length - 1,
                Gradient = gradient, Centered = centered,
            };
            WorkerPool.Shared.Run((columns + ColumnsPerPart - 1) / ColumnsPerPart, ref job);
        }
    }

    private static int RowsPerPart(int columns) => Math.Max(1, PartLength / Math.Max(1, columns));

    private static void RunRows(ForwardJob job) => WorkerPool.Shared.Run((job.Rows + job.RowsPerPart - 1) / job.RowsPerPart, ref job);

    private static void RunRows(BackwardJob job) => WorkerPool.Shared.Run((job.Rows + job.RowsPerPart - 1) / job.RowsPerPart, ref job);

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

    private struct ForwardJob : IParallelJob
    {
        public float* X, Y, Statistics, Weight, Bias;
        public int Rows, Columns, RowsPerPart;
        public float Epsilon;
        public bool Centered;

        public readonly void Execute(int part)
        {
            int end = Math.Min(Rows, (part + 1) * RowsPerPart);
            for (int row = part * RowsPerPart; row < end; row++)
            {
                Forward(X + ((long)row * Columns), Y + ((long)row * Columns), row);
            }
        }

        private readonly void Forward(float* x, float* y, int row)
        {
            float mean = 0;
            if (Centered)
            {
                double sum = 0;
                for (int i = 0; i < Columns; i++)
                {
                    sum += x[i];
                }

                mean = (float)(sum / Columns);
            }

            double squares = 0;
            for (int i = 0; i < Columns; i++)
            {
                squares += (x[i] - mean) * (x[i] - mean);
            }

            float rstd = 1 / MathF.Sqrt((float)(squares / Columns) + Epsilon);
            for (int i = 0; i < Columns; i++)
            {
                y[i] = ((x[i] - mean) * rstd * (Weight == null ? 1 : Weight[i])) + (Bias == null ? 0 : Bias[i]);
            }

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

    private struct BackwardJob : IParallelJob
    {
        public float* X, Dy, Dx, Statistics, Weight;
        public int Rows, Columns, RowsPerPart;
        public bool Accumulate, Centered;

        public readonly void Execute(int part)
        {
            int end = Math.Min(Rows, (part + 1) * RowsPerPart);
            for (int row = part * RowsPerPart; row < end; row++)
            {
                long start = (long)row * Columns;
                Backward(X + start, Dy + start, Dx + start, Centered ? Statistics[2 * row] : 0, Statistics[Centered ? (2 * row) + 1 : row]);
            }
        }

        private readonly void Backward(float* x, float* dy, float* dx, float mean, float rstd)
        {
            double sum = 0, product = 0;
            for (int i = 0; i < Columns; i++)
            {
                float g = dy[i] * (Weight == null ? 1 : Weight[i]);
                sum += g;
                product += g * (x[i] - mean) * rstd;
            }

            float meanOfG = Centered ? (float)(sum / Columns) : 0;
            float meanOfProduct = (float)(product / Columns);
            for (int i = 0; i < Columns; i++)
            {
                float g = dy[i] * (Weight == null ? 1 : Weight[i]);
                float value = rstd * (g - meanOfG - ((x[i] - mean) * rstd * meanOfProduct));
                dx[i] = Accumulate ? dx[i] + value : value;
            }
        }
    }

    private struct WeightGradientJob : IParallelJob
    {
        public float* X, Dy, Statistics, Gradient;
        public int* Offsets;
        public int Columns, Sequences;
        public bool Centered;

        public readonly void Execute(int part)
        {
            int first = part * ColumnsPerPart;
            int count = Math.Min(ColumnsPerPart, Columns - first);
            float* sum = stackalloc float[ColumnsPerPart];
            for (int s = 0; s < Sequences; s++)
            {
                new Span<float>(sum, count).Clear();
                for (int row = Offsets[s]; row < Offsets[s + 1]; row++)
                {
                    float mean = Centered ? Statistics[2 * row] : 0;
                    float rstd = Statistics[Centered ? (2 * row) + 1 : row];
                    long start = ((long)row * Columns) + first;
                    for (int i = 0; i < count; i++)
                    {
                        sum[i] += Dy[start + i] * ((X[start + i] - mean) * rstd);
                    }
                }

                VectorKernels.Add(Gradient + first, sum, count);
            }
        }
    }
}
