using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Graft.Tensors.Kernels;

namespace Graft.Tensors;

/// <summary>The loops over blocks, specialised for one layout.</summary>
/// <typeparam name="TLayout">The layout.</typeparam>
internal unsafe class BlockFormat<TLayout>(string name) : BlockFormat(name)
    where TLayout : struct, IBlockFormat
{
    private const int Group = 32;
    private const int PreparedFloats = 16;

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

    internal override void DecodeRows(bool vectors, BlockMatrix matrix, long row, int rows, int column, int count, float* destination, nint step)
    {
        for (; rows > 0; rows--, row++, destination += step)
        {
            byte* start = matrix.Address(row, 0);
            if (vectors && TLayout.HasVectors)
            {
                DecodeAvx2(start, column, count, destination);
            }
            else
            {
                DecodeScalar(start, column, count, destination);
            }
        }
    }

    [SkipLocalsInit]
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void DecodeAvx2(byte* row, int column, int count, float* destination)
    {
        float* prepared = stackalloc float[PreparedFloats];
        int end = column + count;
        byte* block = row + ((nint)(column / TLayout.Elements) * TLayout.Bytes);
        for (int start = column / TLayout.Elements * TLayout.Elements; start < end; start += TLayout.Elements, block += TLayout.Bytes)
        {
            TLayout.Prepare(block, prepared);
            int last = Math.Min(end, start + TLayout.Elements);
            for (int group = Math.Max(column - start, 0) / Group; start + (group * Group) < last; group++)
            {
                int from = Math.Max(column - start - (group * Group), 0);
                int length = Math.Min(Group, last - start - (group * Group)) - from;
                DecodeGroup(block, group, prepared, from, length, destination);
                destination += length;
            }
        }
    }

    /// <summary>Some elements of a group. What is not stored is not computed either, where it is a whole half.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void DecodeGroup(byte* block, int group, float* prepared, int from, int length, float* destination)
    {
        if (length == Group)
        {
            TLayout.Decode32(block, group, prepared, out Vector256<float> a, out Vector256<float> b, out Vector256<float> c, out Vector256<float> d);
            a.Store(destination);
            b.Store(destination + 8);
            c.Store(destination + 16);
            d.Store(destination + 24);
        }
        else if (length == Group / 2 && from == 0)
        {
            TLayout.Decode32(block, group, prepared, out Vector256<float> a, out Vector256<float> b, out _, out _);
            a.Store(destination);
            b.Store(destination + 8);
        }
        else if (length == Group / 2 && from == Group / 2)
        {
            TLayout.Decode32(block, group, prepared, out _, out _, out Vector256<float> c, out Vector256<float> d);
            c.Store(destination);
            d.Store(destination + 8);
        }
        else
        {
            DecodePart(block, group, prepared, from, length, destination);
        }
    }

    [SkipLocalsInit]
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void DecodePart(byte* block, int group, float* prepared, int from, int length, float* destination)
    {
        float* values = stackalloc float[Group];
        TLayout.Decode32(block, group, prepared, out Vector256<float> a, out Vector256<float> b, out Vector256<float> c, out Vector256<float> d);
        a.Store(values);
        b.Store(values + 8);
        c.Store(values + 16);
        d.Store(values + 24);
        Unsafe.CopyBlockUnaligned(destination, values + from, (uint)length * sizeof(float));
    }

    [SkipLocalsInit]
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
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
