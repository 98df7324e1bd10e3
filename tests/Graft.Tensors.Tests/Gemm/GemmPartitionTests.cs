using Graft.Tensors.Kernels;

namespace Graft.Tensors.Tests;

/// <summary>How products are shared out among workers.</summary>
public sealed class GemmPartitionTests
{
    private const int Vector = 16;

    [Theory]
    [InlineData(23, 3072, 1024)]
    [InlineData(100, 1024, 1024)]
    [InlineData(512, 4096, 1024)]
    [InlineData(512, 1024, 4096)]
    [InlineData(100, 576, 576)]
    [InlineData(512, 192, 576)]
    [InlineData(512, 1536, 576)]
    [InlineData(100, 250_880, 1024)]
    [InlineData(512, 64, 1024)]
    [InlineData(64, 1024, 512)]
    public void Two_workers_get_within_five_percent_of_the_same(int m, int n, int k) => Assert.InRange(Imbalance(m, n, k, 2), 1, 1.05);

    [Theory]
    [InlineData(512, 4096, 1024)]
    [InlineData(512, 3072, 1024)]
    [InlineData(512, 1536, 576)]
    [InlineData(100, 250_880, 1024)]
    public void Big_products_are_balanced_for_up_to_64_workers(int m, int n, int k)
    {
        for (int workers = 1; workers <= 64; workers++)
        {
            Assert.True(Imbalance(m, n, k, workers) <= 1.05, $"{workers} workers: {Imbalance(m, n, k, workers):F3}");
        }
    }

    [Fact]
    public void Parts_cover_every_element_once()
    {
        var random = new Random(7);
        for (int i = 0; i < 200; i++)
        {
            int m = random.Next(1, 70), n = random.Next(1, 300), workers = random.Next(1, 65);
            GemmPartition partition = GemmPartition.Choose(m, n, 5000, workers, Vector);
            var covered = new byte[m * n];
            for (int part = 0; part < partition.Parts; part++)
            {
                (int rowStart, int rowEnd, int columnStart, int columnEnd) = partition.Range(part, m, n, Vector);
                for (int row = rowStart; row < rowEnd; row++)
                {
                    for (int column = columnStart; column < columnEnd; column++)
                    {
                        covered[(row * n) + column]++;
                    }
                }
            }

            Assert.True(partition.Parts <= workers);
            Assert.All(covered, count => Assert.Equal(1, count));
        }
    }

    [Theory]
    [InlineData(100, 576, 576, 2, false)]
    [InlineData(512, 3072, 1024, 3, true)]
    [InlineData(7, 4096, 4096, 5, false)]
    public void Pieces_cover_every_element_once_and_are_balanced(int m, int n, int k, int workers, bool packsRows)
    {
        GemmPartition partition = GemmPartition.Choose(m, n, k, workers, Vector).Cut(m, n, k, 2 * Vector, packsRows);
        Assert.True(partition.PiecesAPart > 1);
        var covered = new byte[m * n];
        var done = new long[workers];
        for (int piece = 0; piece < partition.Pieces; piece++)
        {
            (int rowStart, int rowEnd, int columnStart, int columnEnd) = partition.Piece(piece, m, n, Vector, 2 * Vector);
            done[Array.IndexOf(done, done.Min())] += (long)(rowEnd - rowStart) * (columnEnd - columnStart);
            for (int row = rowStart; row < rowEnd; row++)
            {
                for (int column = columnStart; column < columnEnd; column++)
                {
                    covered[(row * n) + column]++;
                }
            }
        }

        Assert.All(covered, count => Assert.Equal(1, count));
        Assert.InRange(done.Max() * (double)workers / ((long)m * n), 1, 1.07);
    }

    [Fact]
    public void Small_products_stay_on_one_worker() => Assert.Equal(1, GemmPartition.Choose(8, 16, 64, 64, Vector).Parts);

    /// <summary>The largest part's share over the mean share, in products that the tiles compute (whole vectors).</summary>
    private static double Imbalance(int m, int n, int k, int workers)
    {
        GemmPartition partition = GemmPartition.Choose(m, n, k, workers, Vector);
        long largest = 0;
        for (int part = 0; part < partition.Parts; part++)
        {
            (int rowStart, int rowEnd, int columnStart, int columnEnd) = partition.Range(part, m, n, Vector);
            largest = Math.Max(largest, (long)(rowEnd - rowStart) * ((columnEnd - columnStart + Vector - 1) / Vector * Vector));
        }

        return largest * (double)workers / ((long)m * ((n + Vector - 1) / Vector * Vector));
    }
}
