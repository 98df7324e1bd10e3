using System.Numerics;
using Graft.Tensors.Threading;

namespace Graft.Tensors.Kernels;

/// <summary>Rotates pairs of columns of each head by the angle of the row's position.</summary>
internal static unsafe class RotaryKernels
{
    private const int ColumnsPerPart = 32768;

    /// <summary>Rotates in place, forward or (for the gradient) backward.</summary>
    public static void Rotate(float* data, Tensor shape, HeadLayout layout, int heads, RotaryTable table, bool interleaved, bool inverse)
    {
        ReadOnlySpan<int> positions = shape.Sequences.Positions;
        int last = 0;
        foreach (int position in positions)
        {
            last = Math.Max(last, position);
        }

        OpProfile.Count(0, 4.0 * sizeof(float) * shape.Rows * heads * table.Pairs);
        float* rows = table.Rows(last + 1, out object owner);
        int rowsPerPart = Math.Max(1, ColumnsPerPart / Math.Max(1, heads * table.Pairs * 2));
        var job = new Job
        {
            Data = data,
            Shape = shape,
            Layout = layout,
            Heads = heads,
            Rows = rows,
            Pairs = table.Pairs,
            Interleaved = interleaved,
            Direction = inverse ? -1f : 1f,
            RowsPerPart = rowsPerPart,
        };
        WorkerPool.Shared.Run((shape.Rows + rowsPerPart - 1) / rowsPerPart, ref job);
        GC.KeepAlive(owner);
    }

    /// <summary>Columns i and i + pairs.</summary>
    private static void RotateHalves(float* x, float* cosines, float* sines, int pairs, float direction)
    {
        var sign = new Vector<float>(direction);
        int i = 0;
        for (; i + Vector<float>.Count <= pairs; i += Vector<float>.Count)
        {
            Vector<float> a = Vector.Load(x + i);
            Vector<float> b = Vector.Load(x + pairs + i);
            Vector<float> cos = Vector.Load(cosines + i);
            Vector<float> sin = Vector.Load(sines + i) * sign;
            ((a * cos) - (b * sin)).Store(x + i);
            ((b * cos) + (a * sin)).Store(x + pairs + i);
        }

        for (; i < pairs; i++)
        {
            RotatePair(x + i, x + pairs + i, cosines[i], sines[i] * direction);
        }
    }

    /// <summary>Columns 2i and 2i + 1.</summary>
    private static void RotateNeighbours(float* x, float* cosines, float* sines, int pairs, float direction)
    {
        for (int i = 0; i < pairs; i++)
        {
            RotatePair(x + (2 * i), x + (2 * i) + 1, cosines[i], sines[i] * direction);
        }
    }

    private static void RotatePair(float* first, float* second, float cos, float sin)
    {
        (float a, float b) = (*first, *second);
        *first = (a * cos) - (b * sin);
        *second = (b * cos) + (a * sin);
    }

    private struct Job : IParallelJob
    {
        public float* Data;
        public Tensor Shape;
        public HeadLayout Layout;
        public int Heads;
        public float* Rows;
        public int Pairs;
        public bool Interleaved;
        public float Direction;
        public int RowsPerPart;

        public readonly void Execute(int part)
        {
            ReadOnlySpan<int> positions = Shape.Sequences.Positions;
            int end = Math.Min(Shape.Rows, (part + 1) * RowsPerPart);
            for (int row = part * RowsPerPart; row < end; row++)
            {
                float* cosines = Rows + ((long)positions[row] * Pairs * 2);
                float* sines = cosines + Pairs;
                for (int head = 0; head < Heads; head++)
                {
                    float* x = Data + ((long)row * Shape.Columns) + Layout.Column(head);
                    if (Interleaved)
                    {
                        RotateNeighbours(x, cosines, sines, Pairs, Direction);
                    }
                    else
                    {
                        RotateHalves(x, cosines, sines, Pairs, Direction);
                    }
                }
            }
        }
    }
}
