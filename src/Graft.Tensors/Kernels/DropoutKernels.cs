using System.Runtime.CompilerServices;

namespace Graft.Tensors.Kernels;

/// <summary>Dropout with a mask that is computed where it is used.</summary>
/// <remarks>
/// One call of the generator serves four columns. Column c takes word <c>c / 16 % 4</c> of counter <c>c / 64 * 16 + c % 16</c>, so that
/// vectors of up to 16 lanes find their numbers without moving any across lanes.
/// </remarks>
internal static unsafe class DropoutKernels
{
    private const int PartLength = 16 * 1024;

    /// <summary><c>y (+)= x · mask / (1 - probability)</c>; the two may be the same.</summary>
    /// <param name="x">[rows of <paramref name="sequences"/>, columns].</param>
    /// <param name="y">The same size; may be x.</param>
    /// <param name="columns">Number of columns.</param>
    /// <param name="sequences">Keys and positions of the rows.</param>
    /// <param name="probability">Of an element to become zero, in [0, 1).</param>
    /// <param name="seed">Seed of the step.</param>
    /// <param name="ordinal">Number of the op in the step.</param>
    /// <param name="accumulate">Add to y instead of overwriting it.</param>
    public static void Apply(float* x, float* y, int columns, SequenceLayout sequences, float probability, ulong seed, int ordinal, bool accumulate)
    {
        OpProfile.Count(0, (accumulate ? 3.0 : 2.0) * sizeof(float) * sequences.Rows * columns);
        ulong stream = CounterRandom.Derive(seed, (ulong)ordinal);
        fixed (int* positions = sequences.Positions)
        {
            for (int s = 0; s < sequences.Count; s++)
            {
                int start = sequences.Offsets[s];
                var job = new Job
                {
                    X = x + ((long)start * columns),
                    Y = y + ((long)start * columns),
                    Positions = positions + start,
                    Rows = sequences.Offsets[s + 1] - start,
                    Columns = columns,
                    RowsPerPart = Math.Max(1, PartLength / Math.Max(1, columns)),
                    Key = CounterRandom.Derive(stream, sequences.Keys[s]),
                    Threshold = (uint)(probability * 4294967296.0),
                    Factor = 1 / (1 - probability),
                    Accumulate = accumulate,
                };
                Lanes.Run((job.Rows + job.RowsPerPart - 1) / job.RowsPerPart, job);
            }
        }
    }

    private struct Job : ILaneJob
    {
        public float* X, Y;
        public int* Positions;
        public int Rows, Columns, RowsPerPart;
        public ulong Key;
        public uint Threshold;
        public float Factor;
        public bool Accumulate;

        public readonly void Execute<TLanes>(int part)
            where TLanes : struct, ILanes<TLanes>
        {
            int end = Math.Min(Rows, (part + 1) * RowsPerPart);
            for (int row = part * RowsPerPart; row < end; row++)
            {
                ApplyRow<TLanes>(X + ((long)row * Columns), Y + ((long)row * Columns), (ulong)Positions[row]);
            }
        }

        private readonly void ApplyRow<TLanes>(float* x, float* y, ulong position)
            where TLanes : struct, ILanes<TLanes>
        {
            float* buffer = stackalloc float[2 * PaddedRow.Padding];
            var source = new PaddedRow(x, Columns, buffer);
            var destination = new PaddedRow(y, Columns, buffer + PaddedRow.Padding);
            for (int i = 0; i < Columns; i += 4 * Lanes.Count)
            {
                CounterLanes.Next(Key, position, (uint)(i / 4), out TLanes a, out TLanes b, out TLanes c, out TLanes d);
                Apply(source, destination, i, a);
                Apply(source, destination, i + Lanes.Count, b);
                Apply(source, destination, i + (2 * Lanes.Count), c);
                Apply(source, destination, i + (3 * Lanes.Count), d);
            }

            destination.Flush(Columns);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private readonly void Apply<TLanes>(in PaddedRow source, in PaddedRow destination, int i, TLanes bits)
            where TLanes : struct, ILanes<TLanes>
        {
            if (i < Columns)
            {
                TLanes value = TLanes.WhereAtLeast(bits, Threshold, source.Load<TLanes>(i) * TLanes.Broadcast(Factor));
                destination.Store(Accumulate ? value + destination.Load<TLanes>(i) : value, i);
            }
        }
    }
}
