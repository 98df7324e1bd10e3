using System.Runtime.CompilerServices;
using Graft.Tensors.Threading;

namespace Graft.Tensors.Kernels;

/// <summary>One product with a few rows, or several at once: each worker computes its share of the columns of all.</summary>
internal struct SmallProductJob : IParallelJob
{
    /// <summary>Products that go together: queries, keys and values.</summary>
    public const int Most = 3;

    /// <summary>Multiply-adds that make a piece worth handing out: a worker that other programs hold up takes fewer of them.</summary>
    private const long WorthAPiece = 1 << 20;

    private const int MostPieces = 4;

    private Products _products;
    private int _count;
    private int _pieces;

    /// <summary>Adds a product.</summary>
    /// <param name="product">The product; none of its sizes is zero.</param>
    public void Add(in SmallProduct product) => _products[_count++] = product;

    /// <summary>Computes all.</summary>
    public void Run()
    {
        long work = 0;
        for (int i = 0; i < _count; i++)
        {
            ref readonly SmallProduct product = ref _products[i];
            work += (long)product.B.Rows * product.B.Columns;
        }

        int parts = GemmPartition.PartsFor(work, WorkerPool.Shared.WorkerCount);
        _pieces = parts == 1 ? 1 : parts * (int)Math.Clamp(work / parts / WorthAPiece, 1, MostPieces);
        WorkerPool.Shared.Run(_pieces, ref this);
    }

    /// <inheritdoc/>
    public readonly unsafe void Execute(int part)
    {
        for (int i = 0; i < _count; i++)
        {
            // Pieces of all products follow each other, so that most pieces belong to one product alone.
            ref readonly SmallProduct product = ref _products[i];
            (long start, long end) = Share(i, part);
            if (start < end)
            {
                product.Compute(product, (int)(start * product.Unit), (int)Math.Min(product.Columns, end * product.Unit));
            }
        }
    }

    /// <summary>Which units of a product belong to a piece.</summary>
    private readonly (long Start, long End) Share(int index, int piece)
    {
        long before = 0, all = 0;
        for (int i = 0; i < _count; i++)
        {
            before += i < index ? _products[i].Units : 0;
            all += _products[i].Units;
        }

        long units = _products[index].Units;
        return (Math.Clamp((all * piece / _pieces) - before, 0, units), Math.Clamp((all * (piece + 1) / _pieces) - before, 0, units));
    }

    [InlineArray(Most)]
    private struct Products
    {
        private SmallProduct _first;
    }
}
