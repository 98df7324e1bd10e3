using Graft.Tensors.Memory;
using Graft.Tensors.Threading;

namespace Graft.Tensors.Kernels;

/// <summary>Adding a vector to every row, and its gradient: the sum of all rows.</summary>
internal static unsafe class BiasKernels
{
    private const int ColumnsPerPart = 256;
    private const int PartLength = 16 * 1024;

    /// <summary>Adds <paramref name="scale"/> times <paramref name="bias"/> to each row of <paramref name="y"/> [rows, columns].</summary>
    public static void AddRow(float* y, int rows, int columns, in WeightView bias, float scale = 1)
    {
        OpProfile.Count(0, 2.0 * sizeof(float) * rows * columns);
        float* row = ThreadScratch.GetSingles(0, columns);
        WeightDecoder.Decode(bias, 0, columns, row);
        if (scale != 1)
        {
            VectorKernels.Scale(row, scale, columns);
        }

        var job = new RowAddition { Y = y, Bias = row, Rows = rows, Columns = columns, RowsPerPart = Math.Max(1, PartLength / Math.Max(1, columns)) };
        WorkerPool.Shared.Run((rows + job.RowsPerPart - 1) / job.RowsPerPart, ref job);
    }

    /// <summary>Adds <paramref name="scale"/> times the sums over the rows of <paramref name="dy"/> to <paramref name="gradient"/>, one sequence after the other.</summary>
    public static void AccumulateColumnSums(float* dy, int columns, ReadOnlySpan<int> sequenceOffsets, float* gradient, float scale = 1)
    {
        fixed (int* offsets = sequenceOffsets)
        {
            var job = new ColumnSums { Dy = dy, Columns = columns, Offsets = offsets, Sequences = sequenceOffsets.Length - 1, Gradient = gradient, Scale = scale };
            WorkerPool.Shared.Run((columns + ColumnsPerPart - 1) / ColumnsPerPart, ref job);
        }
    }

    private struct RowAddition : IParallelJob
    {
        public float* Y, Bias;
        public int Rows, Columns, RowsPerPart;

        public readonly void Execute(int part)
        {
            int end = Math.Min(Rows, (part + 1) * RowsPerPart);
            for (int row = part * RowsPerPart; row < end; row++)
            {
                VectorKernels.Add(Y + ((long)row * Columns), Bias, Columns);
            }
        }
    }

    private struct ColumnSums : IParallelJob
    {
        public float* Dy, Gradient;
        public int* Offsets;
        public int Columns, Sequences;
        public float Scale;

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
                    VectorKernels.Add(sum, Dy + ((long)row * Columns) + first, count);
                }

                if (Scale != 1)
                {
                    VectorKernels.Scale(sum, Scale, count);
                }

                VectorKernels.Add(Gradient + first, sum, count);
            }
        }
    }
}
