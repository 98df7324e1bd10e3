using Graft.Tensors.Threading;

namespace Graft.Tensors.Kernels;

/// <summary>Softmax cross-entropy of rows of logits and its gradient.</summary>
internal static unsafe class CrossEntropyKernels
{
    /// <summary>
    /// Loss of a row: <c>log Σ exp(z) - (1 - s) z[target] - s mean(z)</c> with label smoothing s.
    /// Its gradient: <c>scale (softmax(z) - (1 - s) onehot - s / columns)</c>.
    /// </summary>
    public struct Job : IParallelJob
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
        public readonly void Execute(int part)
        {
            long start = (long)(AllRows ? Indices[part] : part) * Columns;
            Losses[part] = Row(Logits + start, Gradient == null ? null : Gradient + start, Targets[Indices[part]]);
        }

        private readonly double Row(float* z, float* dz, int target)
        {
            float max = float.NegativeInfinity;
            double total = 0;
            for (int i = 0; i < Columns; i++)
            {
                max = Math.Max(max, z[i]);
                total += z[i];
            }

            double sum = 0;
            for (int i = 0; i < Columns; i++)
            {
                sum += Math.Exp(z[i] - max);
            }

            double loss = max + Math.Log(sum) - ((1.0 - Smoothing) * z[target]) - (Smoothing * total / Columns);
            if (dz != null)
            {
                for (int i = 0; i < Columns; i++)
                {
                    double expected = (Smoothing / (double)Columns) + (i == target ? 1.0 - Smoothing : 0);
                    float value = (float)(Scale * ((Math.Exp(z[i] - max) / sum) - expected));
                    dz[i] = Accumulate ? dz[i] + value : value;
                }
            }

            return loss;
        }
    }
}
