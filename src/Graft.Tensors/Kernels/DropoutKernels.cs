using Graft.Tensors.Threading;

namespace Graft.Tensors.Kernels;

/// <summary>Dropout with a mask that is a function of (seed, op, sequence, position, column): never stored, the same in any batch.</summary>
internal static unsafe class DropoutKernels
{
    /// <summary><c>y (+)= x · mask / (1 - p)</c>.</summary>
    /// <param name="x">[rows, columns].</param>
    /// <param name="y">[rows, columns]; may be x.</param>
    /// <param name="columns">Number of columns.</param>
    /// <param name="sequences">Names the rows.</param>
    /// <param name="probability">p, the probability that an element becomes zero.</param>
    /// <param name="seed">Seed of the step.</param>
    /// <param name="ordinal">Number of the op in the step.</param>
    /// <param name="accumulate">Add to y instead of overwriting it.</param>
    public static void Apply(float* x, float* y, int columns, SequenceLayout sequences, float probability, ulong seed, int ordinal, bool accumulate)
    {
        fixed (int* offsets = sequences.Offsets, positions = sequences.Positions)
        fixed (ulong* keys = sequences.Keys)
        {
            var job = new Job
            {
                X = x, Y = y, Columns = columns, Offsets = offsets, Positions = positions, Keys = keys, Accumulate = accumulate,
                Seed = CounterRandom.Derive(seed, (ulong)ordinal), Scale = 1 / (1 - probability), Threshold = (uint)Math.Min(uint.MaxValue, probability * 4294967296.0),
            };
            WorkerPool.Shared.Run(sequences.Count, ref job);
        }
    }

    private struct Job : IParallelJob
    {
        public float* X, Y;
        public int* Offsets, Positions;
        public ulong* Keys;
        public ulong Seed;
        public int Columns;
        public float Scale;
        public uint Threshold;
        public bool Accumulate;

        public readonly void Execute(int part)
        {
            ulong key = CounterRandom.Derive(Seed, Keys[part]);
            uint* bits = stackalloc uint[4];
            for (int row = Offsets[part]; row < Offsets[part + 1]; row++)
            {
                float* x = X + ((long)row * Columns);
                float* y = Y + ((long)row * Columns);
                for (int column = 0; column < Columns; column++)
                {
                    if ((column & 3) == 0)
                    {
                        (bits[0], bits[1], bits[2], bits[3]) = CounterRandom.Next(key, (ulong)Positions[row], (ulong)(column >> 2));
                    }

                    float value = bits[column & 3] < Threshold ? 0 : x[column] * Scale;
                    y[column] = Accumulate ? y[column] + value : value;
                }
            }
        }
    }
}
