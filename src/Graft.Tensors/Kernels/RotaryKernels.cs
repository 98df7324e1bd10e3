using System.Numerics;
using System.Runtime.Intrinsics;
using Graft.Tensors.Threading;

namespace Graft.Tensors.Kernels;

/// <summary>Rotates pairs of columns of each head by the angle of the row's position.</summary>
internal static unsafe class RotaryKernels
{
    private const int ColumnsPerPart = 32768;

    /// <summary>Rotates in place, forward or (for the gradient) backward.</summary>
    public static void Rotate(float* data, Tensor shape, HeadLayout layout, int heads, RotaryTable table, bool interleaved, bool inverse)
    {
        OpProfile.Count(0, 4.0 * sizeof(float) * shape.Rows * heads * table.Pairs);
        var job = new Job
        {
            Data = data,
            Shape = shape,
            Layout = layout,
            Heads = heads,
            Pairs = table.Pairs,
            Interleaved = interleaved,
            Direction = inverse ? -1f : 1f,
            RowsPerPart = Math.Max(1, ColumnsPerPart / Math.Max(1, heads * table.Pairs * 2)),
        };
        SequenceLayout sequences = shape.Sequences;
        RotaryTable? current = null;
        for (int i = 0; i < sequences.Count; i++)
        {
            int end = sequences.Offsets[i + 1];
            if (sequences.Offsets[i] == end)
            {
                continue;
            }

            // Sequences that follow each other and share a table, usually all, are one piece of work.
            RotaryTable next = table.ForLength(sequences.Positions[end - 1] + 1);
            if (current is not null && !ReferenceEquals(current, next))
            {
                job.Run(current);
            }

            current = next;
            job.EndRow = end;
        }

        if (current is not null)
        {
            job.Run(current);
        }
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
        Vector128<float> signs = Vector128.Create(-direction, direction, -direction, direction);
        int i = 0;
        for (; i + 4 <= pairs; i += 4)
        {
            Vector128<float> cos = Vector128.Load(cosines + i);
            Vector128<float> sin = Vector128.Load(sines + i);
            RotateTwoPairs(x + (2 * i), Vector128.Shuffle(cos, Vector128.Create(0, 0, 1, 1)), Vector128.Shuffle(sin, Vector128.Create(0, 0, 1, 1)) * signs);
            RotateTwoPairs(x + (2 * i) + 4, Vector128.Shuffle(cos, Vector128.Create(2, 2, 3, 3)), Vector128.Shuffle(sin, Vector128.Create(2, 2, 3, 3)) * signs);
        }

        for (; i < pairs; i++)
        {
            RotatePair(x + (2 * i), x + (2 * i) + 1, cosines[i], sines[i] * direction);
        }
    }

    private static void RotateTwoPairs(float* x, Vector128<float> cos, Vector128<float> sin)
    {
        Vector128<float> pairs = Vector128.Load(x);
        ((pairs * cos) + (Vector128.Shuffle(pairs, Vector128.Create(1, 0, 3, 2)) * sin)).Store(x);
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
        public int Pairs;
        public bool Interleaved;
        public float Direction;
        public int RowsPerPart;
        public int EndRow;

        private int _firstRow;
        private float* _table;
        private int _firstPosition;

        /// <summary>Rotates the rows up to <see cref="EndRow"/> that no earlier run has.</summary>
        public void Run(RotaryTable table)
        {
            int last = 0;
            _firstPosition = int.MaxValue;
            foreach (int position in Shape.Sequences.Positions[_firstRow..EndRow])
            {
                last = Math.Max(last, position);
                _firstPosition = Math.Min(_firstPosition, position);
            }

            _table = table.Rows(_firstPosition, last + 1, out object owner);
            WorkerPool.Shared.Run((EndRow - _firstRow + RowsPerPart - 1) / RowsPerPart, ref this);
            GC.KeepAlive(owner);
            _firstRow = EndRow;
        }

        public readonly void Execute(int part)
        {
            ReadOnlySpan<int> positions = Shape.Sequences.Positions;
            int begin = _firstRow + (part * RowsPerPart);
            int end = Math.Min(EndRow, begin + RowsPerPart);
            for (int row = begin; row < end; row++)
            {
                float* cosines = _table + ((long)(positions[row] - _firstPosition) * Pairs * 2);
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
