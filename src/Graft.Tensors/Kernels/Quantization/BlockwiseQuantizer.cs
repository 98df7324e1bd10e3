using System.Runtime.CompilerServices;
using Graft.Tensors.Memory;
using Graft.Tensors.Threading;

namespace Graft.Tensors.Kernels;

/// <summary>Quantises numbers to 8 bits block by block, through a table of 256 fractions of the block's largest magnitude (Dettmers et al. 2022, arXiv:2110.02861).</summary>
/// <remarks>
/// Codes are the nearest ones, as of bitsandbytes' default and CUDA backends; its CPU kernel looks numbers up on a grid of 65536
/// points, which loses small ones. A block of zeros gets the code nearest to zero.
/// </remarks>
public static unsafe class BlockwiseQuantizer
{
    /// <summary>Maxima below count as this one, so that a reciprocal is finite.</summary>
    internal const float SmallestMaximum = 1e-38f;

    /// <summary>Quantises a matrix as one run of numbers.</summary>
    /// <param name="source">The matrix, fp32, bf16 or fp16.</param>
    /// <param name="map">What the 256 codes stand for, ascending.</param>
    /// <param name="blockSize">Elements of a block.</param>
    /// <param name="codes">Receives a code for each element.</param>
    /// <param name="absMax">Receives the largest magnitude of each block.</param>
    /// <exception cref="InvalidDataException">An element is NaN or infinite; the message says where.</exception>
    public static void Quantize(in WeightView source, ReadOnlySpan<float> map, int blockSize, byte* codes, float* absMax)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(blockSize, 1);
        long count = (long)source.Rows * source.Columns;
        long blocks = (count + blockSize - 1) / blockSize;
        int blocksAtOnce = Math.Max(1, ElementsAtOnce / blockSize);
        int parts = checked((int)((blocks + blocksAtOnce - 1) / blocksAtOnce));
        long[] bad = new long[parts];
        Array.Fill(bad, -1);
        fixed (long* firstBad = bad)
        {
            var job = new QuantizeJob
            {
                Source = source, Search = new CodeSearch(map), Count = count, BlockSize = blockSize, BlocksAtOnce = blocksAtOnce, Codes = codes, AbsMax = absMax, FirstBad = firstBad,
            };
            WorkerPool.Shared.Run(parts, ref job);
        }

        FiniteCheck.Require(source, bad.FirstOrDefault(index => index >= 0, -1));
    }

    /// <summary>Decodes numbers.</summary>
    /// <param name="codes">The codes.</param>
    /// <param name="count">How many.</param>
    /// <param name="absMax">The largest magnitude of each block.</param>
    /// <param name="map">What the 256 codes stand for.</param>
    /// <param name="blockSize">Elements of a block.</param>
    /// <param name="destination">Receives the numbers.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Dequantize(byte* codes, long count, float* absMax, ReadOnlySpan<float> map, int blockSize, float* destination)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(blockSize, 1);
        for (long first = 0, block = 0; first < count; first += blockSize, block++)
        {
            float scale = absMax[block];
            for (long i = first; i < Math.Min(count, first + blockSize); i++)
            {
                destination[i] = map[codes[i]] * scale;
            }
        }
    }

    /// <summary>Quantises one block of finite numbers.</summary>
    /// <param name="search">Finds codes.</param>
    /// <param name="values">The numbers.</param>
    /// <param name="count">How many.</param>
    /// <param name="largest">Their largest magnitude.</param>
    /// <param name="codes">Receives a code for each.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Encode(CodeSearch search, float* values, int count, float largest, byte* codes)
    {
        float factor = 1 / Math.Max(largest, SmallestMaximum);
        for (int i = 0; i < count; i++)
        {
            codes[i] = search.Nearest(Math.Clamp(values[i] * factor, -1, 1));
        }
    }

    private const int ElementsAtOnce = 4096;

    private struct QuantizeJob : IParallelJob
    {
        private const int ScratchSlot = 3;

        public WeightView Source;
        public CodeSearch Search;
        public long Count;
        public int BlockSize, BlocksAtOnce;
        public byte* Codes;
        public float* AbsMax;
        public long* FirstBad;

        public readonly void Execute(int part)
        {
            long first = (long)part * BlocksAtOnce * BlockSize;
            int length = (int)Math.Min((long)BlocksAtOnce * BlockSize, Count - first);
            float* values = ThreadScratch.GetSingles(ScratchSlot, length);
            WeightDecoder.Decode(Source, first, length, values);
            for (int i = 0; i < length; i += BlockSize)
            {
                int count = Math.Min(BlockSize, length - i);
                float largest = BlockMaximum.Of(values + i, count);
                if (!float.IsFinite(largest))
                {
                    FirstBad[part] = first + i + FiniteCheck.IndexOfBad(values + i, count);
                    return;
                }

                AbsMax[(first + i) / BlockSize] = largest;
                Encode(Search, values + i, count, largest, Codes + first + i);
            }
        }
    }
}
