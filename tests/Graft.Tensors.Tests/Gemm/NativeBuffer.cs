using System.Runtime.InteropServices;

namespace Graft.Tensors.Tests;

/// <summary>A matrix in native memory with gaps between its rows and guards around it, to see who writes where.</summary>
internal sealed unsafe class NativeBuffer : IDisposable
{
    private const int Guard = 64;
    private const uint Mark = 0x7FC0BEEF;

    private readonly float* _block;
    private readonly long _count;

    public NativeBuffer(int rows, int columns, int stride)
    {
        Rows = rows;
        Columns = columns;
        Stride = stride;
        _count = (2 * Guard) + ((long)Math.Max(rows, 1) * stride);
        _block = (float*)NativeMemory.AlignedAlloc((nuint)_count * sizeof(float), 64);
        new Span<uint>(_block, (int)_count).Fill(Mark);
    }

    public int Rows { get; }

    public int Columns { get; }

    public int Stride { get; }

    public float* Data => _block + Guard;

    public ref float this[int row, int column] => ref Data[((long)row * Stride) + column];

    public NativeBuffer Fill(Random random)
    {
        for (int i = 0; i < Rows; i++)
        {
            for (int j = 0; j < Columns; j++)
            {
                this[i, j] = (float)((random.NextDouble() * 2) - 1);
            }
        }

        return this;
    }

    public NativeBuffer Clone()
    {
        var copy = new NativeBuffer(Rows, Columns, Stride);
        new ReadOnlySpan<float>(_block, (int)_count).CopyTo(new Span<float>(copy._block, (int)_count));
        return copy;
    }

    /// <summary>Fails unless every bit, inside and outside the matrix, equals that of <paramref name="expected"/>.</summary>
    public void AssertSameBits(NativeBuffer expected, string what)
    {
        var mine = new ReadOnlySpan<uint>(_block, (int)_count);
        var theirs = new ReadOnlySpan<uint>(expected._block, (int)_count);
        if (mine.SequenceEqual(theirs))
        {
            return;
        }

        int at = mine.CommonPrefixLength(theirs) - Guard;
        int row = at >= 0 ? at / Stride : -1;
        Assert.Fail($"{what}: first difference at row {row}, column {at - (row * Stride)} of [{Rows},{Columns}]: "
            + $"{BitConverter.UInt32BitsToSingle(mine[at + Guard]):R}, expected {BitConverter.UInt32BitsToSingle(theirs[at + Guard]):R}");
    }

    public void Dispose() => NativeMemory.AlignedFree(_block);
}
