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

    /// <summary>Every product of a step on packed rows, of four models, from a 135M Llama's to BLOOM-7B1's, in vectors of AVX2 and of AVX-512.</summary>
    [Theory]
    [InlineData(512)]
    [InlineData(2048)]
    public void The_products_of_packed_rows_are_balanced_within_five_percent_for_1_to_64_workers(int tokens)
    {
        (int Out, int In)[] layers =
        [
            (576, 576), (192, 576), (1536, 576), (576, 1536), (3072, 1024), (1024, 1024), (4096, 1024), (1024, 4096),
            (12_288, 4096), (4096, 4096), (16_384, 4096), (4096, 16_384), (4672, 4544), (4544, 4544), (18_176, 4544), (4544, 18_176),
        ];
        var exceptions = new List<(int Workers, int N)>();
        foreach ((int outputs, int inputs) in layers)
        {
            foreach ((int n, int k) in new[] { (outputs, inputs), (inputs, outputs) })
            {
                for (int workers = 1; workers <= 64; workers++)
                {
                    double imbalance = Math.Max(Imbalance(tokens, n, k, workers, vector: 8), Imbalance(tokens, n, k, workers, vector: 16));
                    Assert.True(imbalance <= 1.10, $"{tokens} x {n} x {k}, {workers} workers: {imbalance:F3}");
                    if (imbalance > 1.05)
                    {
                        exceptions.Add((workers, n));
                    }
                }
            }
        }

        // 61 is a prime number, and 576 columns are only 36 vectors of 16.
        Assert.All(exceptions, exception => Assert.Equal((61, 576), exception));
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
    private static double Imbalance(int m, int n, int k, int workers, int vector = Vector)
    {
        GemmPartition partition = GemmPartition.Choose(m, n, k, workers, vector);
        long largest = 0;
        for (int part = 0; part < partition.Parts; part++)
        {
            (int rowStart, int rowEnd, int columnStart, int columnEnd) = partition.Range(part, m, n, vector);
            largest = Math.Max(largest, (long)(rowEnd - rowStart) * ((columnEnd - columnStart + vector - 1) / vector * vector));
        }

        return largest * (double)workers / ((long)m * ((n + vector - 1) / vector * vector));
    }
}
