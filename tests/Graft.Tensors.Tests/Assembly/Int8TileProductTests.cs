using Graft.Tensors.Assembly;
using Graft.Tensors.Kernels;
using Graft.Tensors.Threading;

namespace Graft.Tensors.Tests.Assembly;

/// <summary>What surrounds the assembled 8-bit kernels (packing, correction, blocks, scaling), with their tile in plain C#; where the CPU has them, with them.</summary>
public sealed unsafe class Int8TileProductTests : IDisposable
{
    private readonly int _workers = WorkerPool.Shared.WorkerCount;

    /// <summary>Instruction sets, and the units that a group takes in a tile's panel of A.</summary>
    public static TheoryData<Isa, int> Tiles
    {
        get
        {
            var data = new TheoryData<Isa, int>();
            foreach (Isa isa in Enum.GetValues<Isa>().Where(isa => isa <= InstructionSet.Best))
            {
                data.Add(isa, 8);
                data.Add(isa, 16);
                data.Add(isa, AmxTileKernel.MaxRows);
            }

            return data;
        }
    }

    public void Dispose()
    {
        InstructionSet.Current = InstructionSet.Best;
        WorkerPool.Resize(_workers);
    }

    [Theory]
    [MemberData(nameof(Tiles))]
    public void Products_are_those_of_the_other_path(Isa isa, int packedRows)
    {
        InstructionSet.Current = isa;
        var random = new Random(1);
        ProductTile tile = packedRows switch
        {
            8 => PlainTile.Narrow(isInteger: true),
            16 => PlainTile.Wide(isInteger: true),
            _ => PlainTile.Amx(isInteger: true),
        };
        foreach ((int m, int n, int k) in new[] { (1, 1, 1), (4, 5, 7), (6, 16, 32), (7, 17, 33), (15, 40, 600), (29, 50, 515), (40, 33, 1026), (4, 70, 64), (70, 4, 64), (13, 65, 1200) })
        {
            Check(tile, m, n, k, random);
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void Threads_and_blocks_of_rows_change_nothing(int workers)
    {
        WorkerPool.Resize(workers);
        Check(PlainTile.Narrow(isInteger: true), 300, 90, 1100, new Random(2));
    }

    [SkippableTheory]
    [InlineData(true)]
    [InlineData(false)]
    public void Tile_registers_compute_them(bool emulated)
    {
        ProductTile tile = emulated ? new EmulatedTile(AssembledTile.Int8Amx) : AmxHere.Tile(isInteger: true);
        var random = new Random(4);
        foreach ((int m, int n, int k) in new[] { (1, 1, 1), (4, 5, 7), (33, 40, 64), (35, 33, 1026), (67, 50, 515) })
        {
            Check(tile, m, n, k, random);
        }
    }

    [SkippableFact]
    public void The_cpu_s_own_instruction_agrees()
    {
        Skip.If(Int8TileProduct.CurrentTile is null, "this CPU has no vpdpbusd");
        var random = new Random(3);
        foreach ((int m, int n, int k) in new[] { (4, 5, 7), (15, 40, 600), (29, 50, 515), (40, 33, 1026), (100, 130, 1200) })
        {
            Check(Int8TileProduct.CurrentTile!, m, n, k, random);
        }
    }

    private static void Check(ProductTile tile, int m, int n, int k, Random random)
    {
        sbyte[] a = [.. Enumerable.Range(0, m * k).Select(_ => (sbyte)random.Next(-128, 128))];
        sbyte[] b = [.. Enumerable.Range(0, n * k).Select(_ => (sbyte)random.Next(-128, 128))];
        float[] rowScales = TestData.Uniform(m, 1), columnScales = TestData.Uniform(n, 2), bias = TestData.Uniform(n, 3);
        float[] c = new float[m * n];
        foreach (bool withBias in new[] { true, false })
        {
            fixed (sbyte* aCodes = a, bCodes = b)
            fixed (float* aScales = rowScales, bScales = columnScales, addend = bias, result = c)
            {
                new Int8TileProduct { Tile = tile, A = aCodes, RowScales = aScales, M = m, Bias = withBias ? addend : null, C = result }
                    .Run(new Int8Matrix(n, k, bCodes, bScales, null));
            }

            for (int i = 0; i < m; i++)
            {
                for (int j = 0; j < n; j++)
                {
                    int sum = 0;
                    for (int p = 0; p < k; p++)
                    {
                        sum += a[(i * k) + p] * b[(j * k) + p];
                    }

                    float expected = sum * (rowScales[i] * columnScales[j]) * 6.200124e-05f;
                    expected = withBias ? expected + bias[j] : expected;
                    Assert.True(expected == c[(i * n) + j], $"{m}x{n}x{k} [{i},{j}]: expected {expected:R}, got {c[(i * n) + j]:R}");
                }
            }
        }
    }
}
