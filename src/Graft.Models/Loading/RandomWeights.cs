using Graft.Formats;
using Graft.Tensors;
using Graft.Tensors.Memory;
using Graft.Tensors.Threading;

namespace Graft.Models;

/// <summary>New weights for a model that is trained from scratch, or measured.</summary>
public sealed unsafe class RandomWeights : WeightSource
{
    // Big enough to keep all workers and the disk busy; whole chunks of the fill.
    private const int PieceLength = 512 * FillJob.ChunkLength;

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
        Fill(name, role, 0, count, memory.Data);
        return new Parameter(name, shape, _dtype, (nint)memory.Data, memory);
    }

    /// <summary>The weight that <see cref="Take"/> would return, to be written into a file: made piece by piece on all workers, never in memory as a whole.</summary>
    /// <param name="name">Full name.</param>
    /// <param name="role">What it is for.</param>
    /// <param name="shape">Its dimensions.</param>
    /// <param name="cancellationToken">Ends the writing between two pieces.</param>
    public TensorSource ToWrite(string name, WeightRole role, IReadOnlyList<int> shape, CancellationToken cancellationToken = default)
    {
        long count = shape.Aggregate(1L, (product, dimension) => product * dimension);
        return new TensorSource(name, _dtype, [.. shape.Select(dimension => (long)dimension)], stream =>
        {
            using var piece = new NativeBuffer(Math.Min(count, PieceLength) * _dtype.SizeInBytes());
            for (long first = 0; first < count; first += PieceLength)
            {
                cancellationToken.ThrowIfCancellationRequested();
                int length = (int)Math.Min(PieceLength, count - first);
                Fill(name, role, first, length, piece.Data);
                stream.Write(new ReadOnlySpan<byte>(piece.Data, length * _dtype.SizeInBytes()));
            }
        });
    }

    /// <inheritdoc/>
    public override void Finish()
    {
    }

    private void Fill(string name, WeightRole role, long first, long count, byte* destination)
    {
        var job = new FillJob { Data = destination, DType = _dtype, First = first, Count = count, Role = role, Key = CounterRandom.Derive(_seed, StableHash(name)), Deviation = _deviation };
        WorkerPool.Shared.Run((int)((count + FillJob.ChunkLength - 1) / FillJob.ChunkLength), ref job);
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
        public long First;
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
                    CounterRandom.FillNormal(values, Key, 0, Deviation, First + first);
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
