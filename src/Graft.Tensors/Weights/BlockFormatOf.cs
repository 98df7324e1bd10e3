using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Graft.Tensors.Kernels;

namespace Graft.Tensors;

/// <summary>The loops over blocks, specialised for one layout.</summary>
/// <typeparam name="TLayout">The layout.</typeparam>
internal sealed unsafe class BlockFormat<TLayout>(string name) : BlockFormat(name)
    where TLayout : struct, IBlockFormat
{
    private const int Group = 32;

    /// <inheritdoc/>
    public override int BlockElements => TLayout.Elements;

    /// <inheritdoc/>
    public override int BlockBytes => TLayout.Bytes;

    /// <inheritdoc/>
    public override bool CanEncode => TLayout.CanEncode;

    /// <inheritdoc/>
    public override void Encode(float* source, long blocks, byte* destination)
    {
        if (!TLayout.CanEncode)
        {
            throw new NotSupportedException($"Graft does not write {Name}: its scales need a search. It writes {string.Join(", ", All.Where(format => format.CanEncode).Select(format => format.Name))}");
        }

        for (; blocks > 0; blocks--, source += TLayout.Elements, destination += TLayout.Bytes)
        {
            TLayout.Encode(source, destination);
        }
    }

    internal override void Decode(bool vectors, byte* row, int column, int count, float* destination)
    {
        if (vectors && TLayout.HasVectors)
        {
            DecodeAvx2(row, column, count, destination);
        }
        else
        {
            DecodeScalar(row, column, count, destination);
        }
    }

    internal override bool TryMultiplySmall(int m, float* a, long lda, BlockMatrix b, int firstRow, int rows, float* c, long ldc, bool accumulate)
    {
        if (!TLayout.HasVectors)
        {
            return false;
        }

        new BlockRowProduct<TLayout>
        {
            M = m, Rows = rows, Columns = b.Columns, A = a, Lda = lda, B = b, FirstRow = firstRow, C = c, Ldc = ldc, Accumulate = accumulate,
        }.Run();
        return true;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void DecodeAvx2(byte* row, int column, int count, float* destination)
    {
        int end = column + count;
        while (column < end)
        {
            byte* block = row + ((nint)(column / TLayout.Elements) * TLayout.Bytes);
            TLayout.Decode32(block, column % TLayout.Elements / Group, out Vector256<float> a, out Vector256<float> b, out Vector256<float> c, out Vector256<float> d);
            int offset = column % Group;
            int length = Math.Min(Group - offset, end - column);
            if (length == Group)
            {
                a.Store(destination);
                b.Store(destination + 8);
                c.Store(destination + 16);
                d.Store(destination + 24);
            }
            else
            {
                StorePart(a, b, c, d, offset, length, destination);
            }

            column += length;
            destination += length;
        }
    }

    [SkipLocalsInit]
    private static void StorePart(Vector256<float> a, Vector256<float> b, Vector256<float> c, Vector256<float> d, int offset, int length, float* destination)
    {
        float* values = stackalloc float[Group];
        a.Store(values);
        b.Store(values + 8);
        c.Store(values + 16);
        d.Store(values + 24);
        Unsafe.CopyBlockUnaligned(destination, values + offset, (uint)length * sizeof(float));
    }

    [SkipLocalsInit]
    private static void DecodeScalar(byte* row, int column, int count, float* destination)
    {
        float* values = stackalloc float[Group];
        int end = column + count;
        while (column < end)
        {
            byte* block = row + ((nint)(column / TLayout.Elements) * TLayout.Bytes);
            int offset = column % Group;
            int length = Math.Min(Group - offset, end - column);
            TLayout.Decode(block, column % TLayout.Elements / Group, values);
            Unsafe.CopyBlockUnaligned(destination, values + offset, (uint)length * sizeof(float));
            column += length;
            destination += length;
        }
    }
}
