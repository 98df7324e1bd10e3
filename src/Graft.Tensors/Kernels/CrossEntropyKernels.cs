namespace Graft.Tensors.Kernels;

/// <summary>Softmax cross-entropy of rows of logits and its gradient.</summary>
internal static unsafe class CrossEntropyKernels
{
    /// <summary>
    /// Loss of a row: <c>log Σ exp(z) - (1 - s) z[target] - s mean(z)</c> with label smoothing s.
    /// Its gradient: <c>scale (softmax(z) - (1 - s) onehot - s / columns)</c>.
    /// </summary>
    public struct Job : ILaneJob
    {
        /// <summary>First row of logits.</summary>
        public float* Logits;

        /// <summary>Where the gradient goes, row for row as the logits; may be the logits; null for the loss alone.</summary>
        public float* Gradient;

        /// <summary>Add to the gradient.</summary>
        public bool Accumulate;

        /// <summary>Number of classes.</summary>
        public int Columns;

        /// <summary>Row of the batch that each part is about.</summary>
        public int* Indices;

        /// <summary>Whether <see cref="Logits"/> and <see cref="Gradient"/> have a row for every row of the batch and not only for those of <see cref="Indices"/>.</summary>
        public bool AllRows;

        /// <summary>Target of each row of the batch.</summary>
        public int* Targets;

        /// <summary>Receives one loss a part.</summary>
        public double* Losses;

        /// <summary>Factor of the gradient.</summary>
        public float Scale;

        /// <summary>Share of the target that is spread over all classes.</summary>
        public float Smoothing;

        /// <inheritdoc/>
        public readonly void Execute<TLanes>(int part)
            where TLanes : struct, ILanes<TLanes>
        {
            int row = Indices[part];
            long start = (long)(AllRows ? row : part) * Columns;
            float* z = Logits + start;
            int target = Targets[row];
            float max = RowReductions.Max<TLanes>(z, Columns);
            double sum = RowReductions.Sum<TLanes, RowReductions.Exponent>(z, Columns, new(max));
            double loss = max + Logarithm.Log(sum) - ((1.0 - Smoothing) * z[target]);
            if (Smoothing > 0)
            {
                loss -= Smoothing * RowReductions.Sum<TLanes, RowReductions.Value>(z, Columns, default) / Columns;
            }

            Losses[part] = loss;
            if (Gradient != null)
            {
                WriteGradient<TLanes>(z, Gradient + start, max, sum, target);
            }
        }

        private readonly void WriteGradient<TLanes>(float* z, float* dz, float max, double sum, int target)
            where TLanes : struct, ILanes<TLanes>
        {
            float* buffer = stackalloc float[2 * PaddedRow.Padding];
            int count = Columns;
            bool accumulate = Accumulate;
            var logits = new PaddedRow(z, count, buffer);
            var gradient = new PaddedRow(dz, count, buffer + PaddedRow.Padding);
            TLanes offset = TLanes.Broadcast(max);
            TLanes factor = TLanes.Broadcast((float)(Scale / sum));
            TLanes spread = TLanes.Broadcast(-Scale * Smoothing / count);
            for (int i = 0; i < count; i += Lanes.Count)
            {
                TLanes value = TLanes.MultiplyAdd(Exponential.Exp(logits.Load<TLanes>(i) - offset), factor, spread);
                gradient.Store(accumulate ? value + gradient.Load<TLanes>(i) : value, i);
            }

            gradient.Flush(count);
            dz[target] -= Scale * (1 - Smoothing);
        }
    }
}
