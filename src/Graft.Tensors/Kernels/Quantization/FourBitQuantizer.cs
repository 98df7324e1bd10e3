using Graft.Tensors.Memory;
using Graft.Tensors.Threading;

namespace Graft.Tensors.Kernels;

/// <summary>Quantises matrices to 4 bits, byte for byte as bitsandbytes does.</summary>
/// <remarks>
/// A full block is multiplied by the rounded reciprocal of its largest magnitude, a short last one is divided by it; magnitudes
/// below 1e-38 count as 1e-38. The code is the number of midpoints of the table strictly below. Source:
/// https://github.com/bitsandbytes-foundation/bitsandbytes, the default backend.
/// </remarks>
public static unsafe class FourBitQuantizer
{
    private static readonly float[] DynamicMap = CodeTables.Dynamic();

    /// <summary>Quantises a matrix.</summary>
    /// <param name="source">The matrix, fp32, bf16 or fp16.</param>
    /// <param name="type">What codes stand for.</param>
    /// <param name="blockSize">Elements that share a scale: 32 to 4096, a power of two.</param>
    /// <param name="doubleQuantization">Whether to quantise the scales too.</param>
    /// <param name="valueDType">What elements are rounded to first, and decoded ones again; null for the matrix's own type.</param>
    /// <returns>A matrix in memory of its own.</returns>
    /// <exception cref="InvalidDataException">An element is NaN or infinite; the message says where.</exception>
    public static FourBitMatrix Quantize(in WeightView source, FourBitType type, int blockSize = 64, bool doubleQuantization = false, DType? valueDType = null)
    {
        FourBitMatrix.CheckBlockSize(blockSize);
        long count = (long)source.Rows * source.Columns;
        long blocks = (count + blockSize - 1) / blockSize;
        var packed = new NativeBuffer((count + 1) / 2);
        var scales = new NativeBuffer(blocks * sizeof(float));
        DType decoded = valueDType ?? (source.Quantized is null ? source.DType : DType.Float32);
        Run(source, type, blockSize, decoded, packed.Data, (float*)scales.Data);
        return new FourBitMatrix(
            source.Rows, source.Columns, type, blockSize, decoded, packed.Data,
            doubleQuantization && blocks > 0 ? Compress(scales, blocks) : new BlockScales((float*)scales.Data, blocks, scales), packed);
    }

    /// <summary>Quantises scales: their mean becomes the offset, what is left goes by blocks of 256 through the signed dynamic map.</summary>
    /// <param name="scales">The scales; freed.</param>
    /// <param name="blocks">How many there are.</param>
    private static BlockScales Compress(NativeBuffer scales, long blocks)
    {
        var values = (float*)scales.Data;
        float offset = CascadeSum.Mean(values, blocks);
        for (long i = 0; i < blocks; i++)
        {
            values[i] -= offset;
        }

        long nested = (blocks + BlockScales.NestedBlockSize - 1) / BlockScales.NestedBlockSize;
        long codesLength = (blocks + 3) / 4 * 4;
        var memory = new NativeBuffer(codesLength + (nested * sizeof(float)));
        var nestedValues = (float*)(memory.Data + codesLength);
        BlockwiseQuantizer.Quantize(new WeightView(values, 1, checked((int)blocks)), DynamicMap, BlockScales.NestedBlockSize, memory.Data, nestedValues);
        scales.Dispose();
        return new BlockScales(memory.Data, blocks, nestedValues, DynamicMap, offset, memory);
    }

    private static void Run(in WeightView source, FourBitType type, int blockSize, DType decoded, byte* packed, float* scales)
    {
        int blocksAtOnce = Math.Max(1, Job.ElementsAtOnce / blockSize);
        long count = (long)source.Rows * source.Columns;
        int parts = (int)((count + ((long)blocksAtOnce * blockSize) - 1) / ((long)blocksAtOnce * blockSize));
        long[] bad = new long[parts];
        Array.Fill(bad, -1);
        fixed (long* firstBad = bad)
        {
            var job = new Job
            {
                Source = source, Rounding = decoded == source.DType ? DType.Float32 : decoded, Count = count, Type = type, BlockSize = blockSize, BlocksAtOnce = blocksAtOnce, Packed = packed, Scales = scales, FirstBad = firstBad,
            };
            WorkerPool.Shared.Run(parts, ref job);
        }

        FiniteCheck.Require(source, bad.FirstOrDefault(index => index >= 0, -1));
    }

    /// <summary>Quantises some blocks: their elements are decoded into cache first.</summary>
    private struct Job : IParallelJob
    {
        public const int ElementsAtOnce = 8192;

        // A spare place for the padding of an odd count.
        private const int ScratchSlot = 3;

        public WeightView Source;
        public DType Rounding;
        public long Count;
        public FourBitType Type;
        public int BlockSize, BlocksAtOnce;
        public byte* Packed;
        public float* Scales;
        public long* FirstBad;

        public readonly void Execute(int part)
        {
            long first = (long)part * BlocksAtOnce * BlockSize;
            int length = (int)Math.Min((long)BlocksAtOnce * BlockSize, Count - first);
            float* values = ThreadScratch.GetSingles(ScratchSlot, length + 1);
            WeightDecoder.Decode(Source, first, length, values);
            if (Rounding != DType.Float32)
            {
                RoundedTo.ApplyHere(values, length, Rounding);
            }

            bool vectors = InstructionSet.Current >= Isa.Avx2;
            for (int i = 0; i < length; i += BlockSize)
            {
                int count = Math.Min(BlockSize, length - i);
                float largest = BlockMaximum.Of(values + i, count);
                if (!float.IsFinite(largest))
                {
                    FirstBad[part] = first + i + FiniteCheck.IndexOfBad(values + i, count);
                    return;
                }

                float* scale = Scales + ((first + i) / BlockSize);
                byte* packed = Packed + ((first + i) / 2);
                float divisor = Math.Max(largest, BlockwiseQuantizer.SmallestMaximum);
                if (count == BlockSize)
                {
                    *scale = largest;
                    FourBitEncoder.Encode(vectors, values + i, count, 1 / divisor, Type, packed);
                }
                else
                {
                    *scale = divisor;
                    for (int j = i; j < length; j++)
                    {
                        values[j] /= divisor;
                    }

                    values[length] = 0;
                    FourBitEncoder.Encode(vectors, values + i, (count + 1) / 2 * 2, 1, Type, packed);
                }
            }
        }
    }
}
