using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Graft.Tensors.Memory;
using Graft.Tensors.Threading;

namespace Graft.Tensors.Kernels;

/// <summary>Quantises rows to 8 bits as LLM.int8() does, byte for byte as bitsandbytes.</summary>
/// <remarks>
/// Numbers become fp16 first. A row's scale is its largest magnitude; codes are <c>x * ((1 / scale) * 127)</c>, each
/// operation rounded, then rounded to integers, ties to even. For activations, elements at or above a threshold are left out of the maximum, and their whole columns are zero.
/// </remarks>
public static unsafe class Int8Quantizer
{
    private const float Steps = 127;

    // Numbers with a sum below 2^22 in magnitude come out rounded to integers, ties to even.
    private const float RoundingBias = 12582912;

    /// <summary>Quantises a weight.</summary>
    /// <param name="source">The matrix, fp32, bf16 or fp16.</param>
    /// <param name="threshold">Magnitude from which an input of the layer will count as an outlier; 0 for none.</param>
    /// <returns>A matrix in memory of its own.</returns>
    /// <exception cref="InvalidDataException">An element is NaN or, in fp16, infinite; the message says where.</exception>
    public static Int8Matrix Quantize(in WeightView source, float threshold = 6)
    {
        long codes = ((long)source.Rows * source.Columns + 3) / 4 * 4;
        var memory = new NativeBuffer(codes + ((long)source.Rows * sizeof(float)));
        var scales = (float*)(memory.Data + codes);
        long[] bad = new long[source.Rows];
        Array.Fill(bad, -1);
        fixed (long* firstBad = bad)
        {
            var job = new WeightJob { Source = source, Codes = (sbyte*)memory.Data, Scales = scales, FirstBad = firstBad };
            WorkerPool.Shared.Run((source.Rows + WeightJob.RowsAtOnce - 1) / WeightJob.RowsAtOnce, ref job);
        }

        long first = bad.FirstOrDefault(index => index >= 0, -1);
        FiniteCheck.Require(source, first >= 0 && float.IsFinite(WeightDecoder.Read(source, first)) ? -1 : first);
        return first < 0
            ? new Int8Matrix(source.Rows, source.Columns, (sbyte*)memory.Data, scales, memory) { Threshold = threshold }
            : throw new InvalidDataException($"row {first / source.Columns}, column {first % source.Columns} is {WeightDecoder.Read(source, first)}, which fp16 cannot hold: LLM.int8() weights pass through fp16. Use 4-bit quantisation, or keep this layer as it is (llm_int8_skip_modules)");
    }

    /// <summary>Quantises activations.</summary>
    /// <param name="x">[rows, columns], fp32; not changed.</param>
    /// <param name="rows">Number of rows.</param>
    /// <param name="columns">Number of columns.</param>
    /// <param name="threshold">Magnitude in fp16 from which an element counts as an outlier; 0 for none.</param>
    /// <param name="codes">Receives the codes, row by row.</param>
    /// <param name="scales">Receives the largest magnitude of each row.</param>
    /// <returns>The columns with outliers, ascending.</returns>
    public static int[] Quantize(float* x, int rows, int columns, float threshold, sbyte* codes, float* scales)
    {
        var isOutlier = new byte[columns];
        fixed (byte* outliers = isOutlier)
        {
            var job = new ActivationJob { X = x, Rows = rows, Columns = columns, Threshold = threshold > 0 ? threshold : float.PositiveInfinity, Codes = codes, Scales = scales, Outliers = outliers };
            WorkerPool.Shared.Run((rows + ActivationJob.RowsAtOnce - 1) / ActivationJob.RowsAtOnce, ref job);
        }

        int[] found = [.. Enumerable.Range(0, columns).Where(column => isOutlier[column] != 0)];
        for (int row = 0; row < rows && found.Length > 0; row++)
        {
            foreach (int column in found)
            {
                codes[((long)row * columns) + column] = 0;
            }
        }

        return found;
    }

    /// <summary>Quantises a row of numbers that are fp16 already.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Encode(float* values, int count, float largest, sbyte* codes)
    {
        int i = 0;
        if (largest == 0)
        {
            new Span<sbyte>(codes, count).Clear();
            return;
        }

        // torch divides a number by a tensor by multiplying with the reciprocal: ties fall as this rounds.
        float factor = 1 / largest * Steps;
        if (InstructionSet.Current >= Isa.Avx2)
        {
            Vector256<float> factors = Vector256.Create(factor), bias = Vector256.Create(RoundingBias);
            Vector256<int> integerBias = bias.AsInt32();
            for (; i + 32 <= count; i += 32)
            {
                Vector256<short> first = Vector256.Narrow(
                    ((Vector256.Load(values + i) * factors) + bias).AsInt32() - integerBias, ((Vector256.Load(values + i + 8) * factors) + bias).AsInt32() - integerBias);
                Vector256<short> second = Vector256.Narrow(
                    ((Vector256.Load(values + i + 16) * factors) + bias).AsInt32() - integerBias, ((Vector256.Load(values + i + 24) * factors) + bias).AsInt32() - integerBias);
                Vector256.Narrow(first, second).Store(codes + i);
            }
        }

        for (; i < count; i++)
        {
            codes[i] = (sbyte)MathF.Round(values[i] * factor);
        }
    }

    private struct WeightJob : IParallelJob
    {
        public const int RowsAtOnce = 8;
        private const int ScratchSlot = 3;

        public WeightView Source;
        public sbyte* Codes;
        public float* Scales;
        public long* FirstBad;

        public readonly void Execute(int part)
        {
            int columns = Source.Columns;
            float* values = ThreadScratch.GetSingles(ScratchSlot, columns);
            for (int row = part * RowsAtOnce; row < Math.Min(Source.Rows, (part + 1) * RowsAtOnce); row++)
            {
                WeightDecoder.Decode(Source, (long)row * columns, columns, values);
                RoundedTo.ApplyHere(values, columns, DType.Float16);
                float largest = BlockMaximum.Of(values, columns);
                if (!float.IsFinite(largest))
                {
                    FirstBad[row] = ((long)row * columns) + FiniteCheck.IndexOfBad(values, columns);
                    continue;
                }

                Scales[row] = largest;
                Encode(values, columns, largest, Codes + ((long)row * columns));
            }
        }
    }

    private struct ActivationJob : IParallelJob
    {
        public const int RowsAtOnce = 4;
        private const int ScratchSlot = 3;

        public float* X;
        public int Rows, Columns;
        public float Threshold;
        public sbyte* Codes;
        public float* Scales;
        public byte* Outliers;

        public readonly void Execute(int part)
        {
            float* values = ThreadScratch.GetSingles(ScratchSlot, Columns);
            for (int row = part * RowsAtOnce; row < Math.Min(Rows, (part + 1) * RowsAtOnce); row++)
            {
                Buffer.MemoryCopy(X + ((long)row * Columns), values, (long)Columns * sizeof(float), (long)Columns * sizeof(float));
                RoundedTo.ApplyHere(values, Columns, DType.Float16);
                float largest = BlockMaximum.Of(values, Columns);
                if (!(largest < Threshold))
                {
                    MarkOutliers(values);
                    largest = BlockMaximum.Of(values, Columns);
                }

                Scales[row] = largest;
                Encode(values, Columns, largest, Codes + ((long)row * Columns));
            }
        }

        /// <summary>Notes the columns; several workers may write the same byte, always the same value.</summary>
        private readonly void MarkOutliers(float* values)
        {
            for (int column = 0; column < Columns; column++)
            {
                if (MathF.Abs(values[column]) >= Threshold)
                {
                    Outliers[column] = 1;
                    values[column] = 0;
                }
            }
        }
    }
}
