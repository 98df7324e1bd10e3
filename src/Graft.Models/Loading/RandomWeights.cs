using Graft.Tensors;
using Graft.Tensors.Memory;
using Graft.Tensors.Threading;

namespace Graft.Models;

/// <summary>New weights for a model that is trained from scratch, or measured.</summary>
public sealed unsafe class RandomWeights : WeightSource
{
    private readonly ulong _seed;
    private readonly float _deviation;
    private readonly DType _dtype;

    /// <summary>Weights that are a function of the seed and their names.</summary>
    /// <param name="seed">Seed.</param>
    /// <param name="deviation">Standard deviation of matrices and embeddings.</param>
    /// <param name="dtype">How they are stored.</param>
    public RandomWeights(ulong seed, float deviation, DType dtype = DType.Float32)
    {
        _seed = seed;
        _deviation = deviation;
        _dtype = dtype;
    }

    /// <inheritdoc/>
    public override bool Has(string name) => false;

    /// <inheritdoc/>
    public override bool AreEqual(string first, string second) => false;

    /// <inheritdoc/>
    public override Parameter Take(string name, WeightRole role, int[] shape)
    {
        long count = shape.Aggregate(1L, (product, dimension) => product * dimension);
        var memory = new NativeBuffer(count * _dtype.SizeInBytes());
        var job = new FillJob { Data = memory.Data, DType = _dtype, Count = count, Role = role, Key = CounterRandom.Derive(_seed, StableHash(name)), Deviation = _deviation };
        WorkerPool.Shared.Run((int)((count + FillJob.ChunkLength - 1) / FillJob.ChunkLength), ref job);
        return new Parameter(name, shape, _dtype, (nint)memory.Data, memory);
    }

    /// <inheritdoc/>
    public override void Finish()
    {
    }

    /// <summary>FNV-1a: <see cref="string.GetHashCode()"/> differs from run to run.</summary>
    private static ulong StableHash(string text)
    {
        ulong hash = 14695981039346656037;
        foreach (char c in text)
        {
            hash = (hash ^ c) * 1099511628211;
        }

        return hash;
    }

    /// <summary>Fills stretches of one weight; the numbers do not depend on who fills which.</summary>
    private struct FillJob : IParallelJob
    {
        public const int ChunkLength = 1 << 14;

        public byte* Data;
        public DType DType;
        public long Count;
        public WeightRole Role;
        public ulong Key;
        public float Deviation;

        public readonly void Execute(int part)
        {
            long first = (long)part * ChunkLength;
            int count = (int)Math.Min(ChunkLength, Count - first);
            var values = new Span<float>(DType == DType.Float32 ? (float*)Data + first : ThreadScratch.GetSingles(0, count), count);
            switch (Role)
            {
                case WeightRole.NormWeight:
                    values.Fill(1);
                    break;
                case WeightRole.Matrix or WeightRole.Embedding:
                    CounterRandom.FillNormal(values, Key, 0, Deviation, first);
                    break;
                default:
                    values.Clear();
                    break;
            }

            if (DType == DType.BFloat16)
            {
                BFloat16.FromSingles(values, new Span<ushort>((ushort*)Data + first, count));
            }
            else if (DType == DType.Float16)
            {
                for (int i = 0; i < count; i++)
                {
                    ((Half*)Data)[first + i] = (Half)values[i];
                }
            }
        }
    }
}
