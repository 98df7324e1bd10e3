using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Graft.Tensors.Kernels;

/// <summary>Transposes a few rows of 32-bit elements into a panel, in registers.</summary>
/// <remarks>
/// Lane group L (128 bits) of vector j takes four consecutive columns of row 4L + j. A 4x4 transpose inside the lane groups
/// then yields four vectors, each one column of all rows: half the shuffles of a transpose that works on whole rows.
/// </remarks>
internal static unsafe class PanelTranspose
{
    /// <summary><c>destination[p·step + i] = source[min(i, rows − 1)·stride + p]</c> for i below <paramref name="lanes"/>.</summary>
    /// <typeparam name="TWidener">Turns a column of 32-bit units into one or two columns of fp32.</typeparam>
    /// <param name="lanes">Rows of the panel: 16, 8, 4 or 1.</param>
    /// <param name="source">First row.</param>
    /// <param name="stride">Bytes from one row to the next.</param>
    /// <param name="rows">Rows that exist, 1 to <paramref name="lanes"/>; the others repeat the last.</param>
    /// <param name="depth">Columns.</param>
    /// <param name="destination">The panel.</param>
    /// <param name="step">Elements from one column to the next in the panel.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Run<TWidener>(int lanes, byte* source, nint stride, int rows, int depth, float* destination, nint step)
        where TWidener : struct, IColumnWidener
    {
        int done = lanes switch
        {
            16 => Run16<TWidener>(source, stride, rows, depth, destination, step),
            8 => Run8<TWidener>(source, stride, rows, depth, destination, step),
            4 => Run4<TWidener>(source, stride, rows, depth, destination, step),
            _ => 0,
        };

        for (int p = done; p < depth; p++)
        {
            for (int i = 0; i < lanes; i++)
            {
                destination[(p * step) + i] = TWidener.Widen(source + (Math.Min(i, rows - 1) * stride), p);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static int Run16<TWidener>(byte* source, nint stride, int rows, int depth, float* destination, nint step)
        where TWidener : struct, IColumnWidener
    {
        int columns = 4 * TWidener.ColumnsPerUnit;
        int last = rows - 1;
        byte* r0 = source, r1 = source + (Math.Min(1, last) * stride), r2 = source + (Math.Min(2, last) * stride), r3 = source + (Math.Min(3, last) * stride);
        byte* r4 = source + (Math.Min(4, last) * stride), r5 = source + (Math.Min(5, last) * stride), r6 = source + (Math.Min(6, last) * stride), r7 = source + (Math.Min(7, last) * stride);
        byte* r8 = source + (Math.Min(8, last) * stride), r9 = source + (Math.Min(9, last) * stride), r10 = source + (Math.Min(10, last) * stride), r11 = source + (Math.Min(11, last) * stride);
        byte* r12 = source + (Math.Min(12, last) * stride), r13 = source + (Math.Min(13, last) * stride), r14 = source + (Math.Min(14, last) * stride), r15 = source + (Math.Min(15, last) * stride);
        nint offset = 0;
        int p = 0;
        for (; p + columns <= depth; p += columns, offset += 16)
        {
            Vector512<float> v0 = Load4(r0 + offset, r4 + offset, r8 + offset, r12 + offset);
            Vector512<float> v1 = Load4(r1 + offset, r5 + offset, r9 + offset, r13 + offset);
            Vector512<float> v2 = Load4(r2 + offset, r6 + offset, r10 + offset, r14 + offset);
            Vector512<float> v3 = Load4(r3 + offset, r7 + offset, r11 + offset, r15 + offset);
            Vector512<double> low01 = Avx512F.UnpackLow(v0, v1).AsDouble();
            Vector512<double> high01 = Avx512F.UnpackHigh(v0, v1).AsDouble();
            Vector512<double> low23 = Avx512F.UnpackLow(v2, v3).AsDouble();
            Vector512<double> high23 = Avx512F.UnpackHigh(v2, v3).AsDouble();
            TWidener.Store(Avx512F.UnpackLow(low01, low23).AsUInt32(), destination, step);
            destination += TWidener.ColumnsPerUnit * step;
            TWidener.Store(Avx512F.UnpackHigh(low01, low23).AsUInt32(), destination, step);
            destination += TWidener.ColumnsPerUnit * step;
            TWidener.Store(Avx512F.UnpackLow(high01, high23).AsUInt32(), destination, step);
            destination += TWidener.ColumnsPerUnit * step;
            TWidener.Store(Avx512F.UnpackHigh(high01, high23).AsUInt32(), destination, step);
            destination += TWidener.ColumnsPerUnit * step;
        }

        return p;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static int Run8<TWidener>(byte* source, nint stride, int rows, int depth, float* destination, nint step)
        where TWidener : struct, IColumnWidener
    {
        int columns = 4 * TWidener.ColumnsPerUnit;
        int last = rows - 1;
        byte* r0 = source, r1 = source + (Math.Min(1, last) * stride), r2 = source + (Math.Min(2, last) * stride), r3 = source + (Math.Min(3, last) * stride);
        byte* r4 = source + (Math.Min(4, last) * stride), r5 = source + (Math.Min(5, last) * stride), r6 = source + (Math.Min(6, last) * stride), r7 = source + (Math.Min(7, last) * stride);
        nint offset = 0;
        int p = 0;
        for (; p + columns <= depth; p += columns, offset += 16)
        {
            Vector256<float> v0 = Load2(r0 + offset, r4 + offset);
            Vector256<float> v1 = Load2(r1 + offset, r5 + offset);
            Vector256<float> v2 = Load2(r2 + offset, r6 + offset);
            Vector256<float> v3 = Load2(r3 + offset, r7 + offset);
            Vector256<double> low01 = Avx.UnpackLow(v0, v1).AsDouble();
            Vector256<double> high01 = Avx.UnpackHigh(v0, v1).AsDouble();
            Vector256<double> low23 = Avx.UnpackLow(v2, v3).AsDouble();
            Vector256<double> high23 = Avx.UnpackHigh(v2, v3).AsDouble();
            TWidener.Store(Avx.UnpackLow(low01, low23).AsUInt32(), destination, step);
            destination += TWidener.ColumnsPerUnit * step;
            TWidener.Store(Avx.UnpackHigh(low01, low23).AsUInt32(), destination, step);
            destination += TWidener.ColumnsPerUnit * step;
            TWidener.Store(Avx.UnpackLow(high01, high23).AsUInt32(), destination, step);
            destination += TWidener.ColumnsPerUnit * step;
            TWidener.Store(Avx.UnpackHigh(high01, high23).AsUInt32(), destination, step);
            destination += TWidener.ColumnsPerUnit * step;
        }

        return p;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static int Run4<TWidener>(byte* source, nint stride, int rows, int depth, float* destination, nint step)
        where TWidener : struct, IColumnWidener
    {
        int columns = 4 * TWidener.ColumnsPerUnit;
        int last = rows - 1;
        byte* r0 = source, r1 = source + (Math.Min(1, last) * stride), r2 = source + (Math.Min(2, last) * stride), r3 = source + (Math.Min(3, last) * stride);
        nint offset = 0;
        int p = 0;
        for (; p + columns <= depth; p += columns, offset += 16)
        {
            // Two rounds of the same interleave transpose a 4x4 block: (0,2)(1,3), then the results with each other.
            Vector128<uint> v0 = Vector128.Load((uint*)(r0 + offset)), v1 = Vector128.Load((uint*)(r1 + offset));
            Vector128<uint> v2 = Vector128.Load((uint*)(r2 + offset)), v3 = Vector128.Load((uint*)(r3 + offset));
            Vector128<uint> low02 = InterleaveLow(v0, v2), high02 = InterleaveHigh(v0, v2);
            Vector128<uint> low13 = InterleaveLow(v1, v3), high13 = InterleaveHigh(v1, v3);
            TWidener.Store(InterleaveLow(low02, low13), destination, step);
            destination += TWidener.ColumnsPerUnit * step;
            TWidener.Store(InterleaveHigh(low02, low13), destination, step);
            destination += TWidener.ColumnsPerUnit * step;
            TWidener.Store(InterleaveLow(high02, high13), destination, step);
            destination += TWidener.ColumnsPerUnit * step;
            TWidener.Store(InterleaveHigh(high02, high13), destination, step);
            destination += TWidener.ColumnsPerUnit * step;
        }

        return p;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Load4(byte* p0, byte* p1, byte* p2, byte* p3)
    {
        Vector512<float> v = Vector128.Load((float*)p0).ToVector256Unsafe().ToVector512Unsafe();
        v = Avx512F.InsertVector128(v, Vector128.Load((float*)p1), 1);
        v = Avx512F.InsertVector128(v, Vector128.Load((float*)p2), 2);
        return Avx512F.InsertVector128(v, Vector128.Load((float*)p3), 3);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Load2(byte* p0, byte* p1)
        => Avx.InsertVector128(Vector128.Load((float*)p0).ToVector256Unsafe(), Vector128.Load((float*)p1), 1);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<uint> InterleaveLow(Vector128<uint> a, Vector128<uint> b)
        => Vector128.Shuffle(a, Vector128.Create(0u, 0, 1, 1)) & Vector128.Create(~0u, 0, ~0u, 0)
         | (Vector128.Shuffle(b, Vector128.Create(0u, 0, 1, 1)) & Vector128.Create(0, ~0u, 0, ~0u));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<uint> InterleaveHigh(Vector128<uint> a, Vector128<uint> b)
        => Vector128.Shuffle(a, Vector128.Create(2u, 2, 3, 3)) & Vector128.Create(~0u, 0, ~0u, 0)
         | (Vector128.Shuffle(b, Vector128.Create(2u, 2, 3, 3)) & Vector128.Create(0, ~0u, 0, ~0u));
}
