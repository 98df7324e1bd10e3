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
                    RowsPerPart = Math.Max(1, PartLength / columns),
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
                float* x = X + ((long)row * Columns);
                float* y = Y + ((long)row * Columns);
                for (int i = 0; i < Columns; i += 4 * Lanes.Count)
                {
                    CounterLanes.Next(Key, (ulong)Positions[row], (uint)(i / 4), out TLanes a, out TLanes b, out TLanes c, out TLanes d);
                    Apply(x, y, i, a);
                    Apply(x, y, i + Lanes.Count, b);
                    Apply(x, y, i + (2 * Lanes.Count), c);
                    Apply(x, y, i + (3 * Lanes.Count), d);
                }
            }
        }

        private readonly void Apply<TLanes>(float* x, float* y, int i, TLanes bits)
            where TLanes : struct, ILanes<TLanes>
        {
            int count = Columns - i;
            if (count <= 0)
            {
                return;
            }

            TLanes value = TLanes.WhereAtLeast(bits, Threshold, Lanes.Load<TLanes>(x + i, count) * TLanes.Broadcast(Factor));
            if (Accumulate)
            {
                value += Lanes.Load<TLanes>(y + i, count);
            }

            Lanes.Store(value, y + i, count);
        }
    }
}
