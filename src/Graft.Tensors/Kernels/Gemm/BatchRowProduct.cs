using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Graft.Tensors.Memory;

namespace Graft.Tensors.Kernels;

/// <summary><c>C[m,n] (+)= A[m,k] · B[n,k]ᵀ</c> for four rows of A and more: as <see cref="SmallRowProduct{TKernel, TSource}"/>, bit for bit, where arithmetic is the bound.</summary>
/// <remarks>
/// k is cut evenly so that a stretch of all rows of A stays in the first-level cache while twelve rows of B go over it, a tile of four by three
/// or six at a time. Partial sums wait in memory between stretches. Missing rows of A are zeros.
/// </remarks>
/// <typeparam name="TKernel">The inner loops.</typeparam>
/// <typeparam name="TSource">The storage format of B.</typeparam>
internal unsafe readonly ref struct BatchRowProduct<TKernel, TSource>
    where TKernel : struct, ISmallKernel
    where TSource : struct, IVectorSource
{
    /// <summary>Rows of B that go over a stretch of A together.</summary>
    public const int RowsAtOnce = 12;

    private const int Chunk = 16;
    private const int Batch = 4;
    private const int FewestChunks = 8;

    /// <summary>Bytes of A in the first-level cache: of the 32 KiB that every x64 CPU has, all but what B and the sums pass through.</summary>
    private const int CachedBytes = 20 * 1024;

    private readonly ref readonly SmallProduct _product;

    private BatchRowProduct(in SmallProduct product) => _product = ref product;

    /// <summary>Whether there is a tile for so many rows.</summary>
    /// <param name="m">Rows of A.</param>
    /// <param name="n">Rows of B.</param>
    public static bool Suits(int m, int n) => TKernel.BatchTileRows > 0 && m >= Batch && n >= TKernel.BatchTileRows;

    private int Tiles => (_product.M + Batch - 1) / Batch;

    private int Tail => _product.B.Columns % Chunk;

    /// <summary>Terms of a stretch but the last: whole chunks.</summary>
    private int Stretch
    {
        get
        {
            int chunks = _product.B.Columns / Chunk;
            int most = Math.Max(FewestChunks, CachedBytes / (Tiles * Batch * Chunk * sizeof(float)));
            int stretches = Math.Max(1, (chunks + most - 1) / most);
            return Math.Max(1, (chunks + stretches - 1) / stretches) * Chunk;
        }
    }

    private static int TileFloats => TKernel.BatchTileRows * Batch * Chunk;

    /// <summary>Some columns of C.</summary>
    /// <param name="product">The product.</param>
    /// <param name="start">First column.</param>
    /// <param name="end">The column behind the last.</param>
    public static void Compute(in SmallProduct product, int start, int end) => new BatchRowProduct<TKernel, TSource>(product).Compute(start, end);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Compute(int start, int end)
    {
        long packed = (long)Tiles * Batch * (_product.B.Columns + Chunk - 1) / Chunk * Chunk;
        long sumFloats = (long)RowsAtOnce / TKernel.BatchTileRows * Tiles * TileFloats;
        float* a = ThreadScratch.GetSingles(Gemm.ScratchSlot, packed + (Tiles * Batch * Chunk) + sumFloats + (TKernel.BatchTileRows * Chunk));
        float* sums = a + packed + (Tiles * Batch * Chunk);
        float* bTail = sums + sumFloats;
        Pack(a);
        for (int row = start; row < end; row += RowsAtOnce)
        {
            Rows(row, Math.Min(end, row + RowsAtOnce), a, sums, bTail);
        }
    }

    /// <summary>Stretch after stretch, in each the rows of A one after the other; the last stretch is the chunk that k does not fill.</summary>
    private void Pack(float* packed)
    {
        int rows = Tiles * Batch;
        int whole = _product.B.Columns - Tail;
        int stretch = Stretch;
        for (int p = 0; p < whole; p += stretch)
        {
            int length = Math.Min(stretch, whole - p);
            for (int i = 0; i < rows; i++, packed += length)
            {
                if (i >= _product.M)
                {
                    new Span<float>(packed, length).Clear();
                }
                else if (TKernel.Splits<TSource>())
                {
                    EvenOdd.Split(_product.A + (i * _product.Lda) + p, packed, length / Chunk);
                }
                else
                {
                    new ReadOnlySpan<float>(_product.A + (i * _product.Lda) + p, length).CopyTo(new Span<float>(packed, length));
                }
            }
        }

        new Span<float>(packed, rows * Chunk).Clear();
        for (int i = 0; i < _product.M; i++)
        {
            for (int p = 0; p < Tail; p++)
            {
                packed[(i * Chunk) + Place(p)] = _product.A[(i * _product.Lda) + whole + p];
            }
        }
    }

    private static int Place(int index) => TKernel.Splits<TSource>() ? EvenOdd.Place(index) : index;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Rows(int first, int end, float* a, float* sums, float* bTail)
    {
        nint rowBytes = (nint)_product.B.Columns * TSource.ElementBytes;
        int whole = _product.B.Columns - Tail;
        int stretch = Stretch;
        new Span<float>(sums, RowsAtOnce / TKernel.BatchTileRows * Tiles * TileFloats).Clear();

        // The rows after these, in the order in which they lie: asked for evenly over the time that these take, since only so many lines can be on their way at once.
        byte* next = (byte*)_product.B.Data + ((first + RowsAtOnce) * rowBytes);
        nint spacing = (CacheLine.Bytes + Tiles - 1) / Tiles;
        for (int p = 0; p < whole; p += stretch)
        {
            int length = Math.Min(stretch, whole - p);
            float* tile = sums;
            for (int row = first; row < end; row += TKernel.BatchTileRows)
            {
                byte* b = (byte*)_product.B.Data + (StartOf(row) * rowBytes) + ((nint)p * TSource.ElementBytes);
                for (int i = 0; i < Tiles; i++, tile += TileFloats)
                {
                    next = TKernel.AddProducts<TSource>(a + ((nint)i * Batch * length), length, b, rowBytes, length / Chunk, tile, next, spacing);
                }
            }

            a += (nint)Tiles * Batch * length;
        }

        for (int row = first; row < end; row += TKernel.BatchTileRows)
        {
            if (Tail > 0)
            {
                AddTail(StartOf(row), a, sums, bTail);
            }

            for (int i = 0; i < Tiles; i++, sums += TileFloats)
            {
                Put(row, Math.Min(end, row + TKernel.BatchTileRows), i * Batch, sums);
            }
        }
    }

    /// <summary>First row of B of the tile that <paramref name="row"/> begins: the last tile may begin earlier, with rows that are not stored again.</summary>
    private int StartOf(int row) => Math.Min(row, _product.B.Rows - TKernel.BatchTileRows);

    private void AddTail(int row, float* aTail, float* sums, float* bTail)
    {
        int whole = _product.B.Columns - Tail;
        new Span<float>(bTail, TKernel.BatchTileRows * Chunk).Clear();
        for (int r = 0; r < TKernel.BatchTileRows; r++)
        {
            byte* b = (byte*)_product.B.Data + ((row + r) * (nint)_product.B.Columns * TSource.ElementBytes);
            for (int p = 0; p < Tail; p++)
            {
                bTail[(r * Chunk) + Place(p)] = TSource.Load(b, whole + p);
            }
        }

        for (int i = 0; i < Tiles; i++)
        {
            TKernel.AddProducts<SingleSource>(aTail + (i * Batch * Chunk), Chunk, (byte*)bTail, Chunk * sizeof(float), 1, sums + ((nint)i * TileFloats), next: null, spacing: 0);
        }
    }

    private void Put(int first, int end, int batch, float* sums)
    {
        int rows = Math.Min(Batch, _product.M - batch);
        for (int row = first; row < end; row++)
        {
            Vector128<float> totals = TKernel.Totals<TSource>(sums + ((row - StartOf(first)) * Batch * Chunk));
            if (rows == Batch)
            {
                _product.Put(batch, row, totals.ToScalar());
                _product.Put(batch + 1, row, totals.GetElement(1));
                _product.Put(batch + 2, row, totals.GetElement(2));
                _product.Put(batch + 3, row, totals.GetElement(3));
                continue;
            }

            for (int i = 0; i < rows; i++)
            {
                _product.Put(batch + i, row, totals[i]);
            }
        }
    }
}
