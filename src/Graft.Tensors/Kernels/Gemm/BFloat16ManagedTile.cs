using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Graft.Tensors.Assembly;

namespace Graft.Tensors.Kernels;

/// <summary>bf16 tiles in C#, for CPUs and systems without an assembled kernel: the bits of <see cref="BFloat16Dot"/> on any machine.</summary>
/// <remarks>
/// Zeroing subnormals takes three instructions after each fused multiply-add. Results of exactly 2^-126 may have been rounded up
/// to it and then count as subnormal; they are rare, so a tile that meets one is computed again by the definition.
/// </remarks>
internal sealed unsafe class BFloat16ManagedTile : ProductTile
{
    private const int TileRows = 4;
    private const int Width = 8;
    private const uint UpperHalf = 0xFFFF0000;
    private const int Magnitude = 0x7FFFFFFF;
    private const int SmallestNormal = 0x00800000;

    private BFloat16ManagedTile(bool vectors)
        : base(TileRows, maxVectors: 1, Width, packedRows: Width)
        => UsesVectors = vectors;

    /// <summary>With vectors of 256 bits, or pairs of 128.</summary>
    public static BFloat16ManagedTile Vectors { get; } = new(vectors: true);

    /// <summary>The definition, element by element.</summary>
    public static BFloat16ManagedTile Scalar { get; } = new(vectors: false);

    private bool UsesVectors { get; }

    /// <inheritdoc/>
    public override void Run(int rows, int width, ref TileArguments arguments)
    {
        for (; arguments.Panels > 0; arguments.Panels--)
        {
            if (!UsesVectors || !TryRunVectors(rows, width, arguments))
            {
                RunScalar(rows, width, arguments);
            }

            arguments.A += arguments.Groups * PackedRows;
            arguments.C = (byte*)arguments.C + (rows * arguments.RowBytes);
        }
    }

    private void RunScalar(int rows, int width, in TileArguments arguments)
    {
        for (int i = 0; i < rows; i++)
        {
            float* c = (float*)((byte*)arguments.C + (i * arguments.RowBytes));
            for (int j = 0; j < width; j++)
            {
                float sum = 0;
                for (nint p = 0; p < arguments.Groups; p++)
                {
                    sum = BFloat16Dot.Add(arguments.A[(p * PackedRows) + i], arguments.B[(p * Lanes) + j], sum);
                }

                c[j] = arguments.Accumulate != 0 ? c[j] + sum : sum;
            }
        }
    }

    /// <summary>All four rows at once, so that one waits less for the other's steps: rows that are not there are packed as copies.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static bool TryRunVectors(int rows, int width, in TileArguments arguments)
    {
        uint* a = arguments.A;
        uint* b = arguments.B;
        Vector256<int> rare = Vector256<int>.Zero;
        Vector256<float> sum0 = Vector256<float>.Zero, sum1 = sum0, sum2 = sum0, sum3 = sum0;
        for (nint p = 0; p < arguments.Groups; p++, a += Width, b += Width)
        {
            Vector256<uint> units = Vector256.Load(b);
            Vector256<float> odd = Flush((units & Vector256.Create(UpperHalf)).AsSingle()), even = Flush((units << 16).AsSingle());
            sum0 = Add(*a << 16, even, Add(*a & UpperHalf, odd, sum0, ref rare), ref rare);
            sum1 = Add(a[1] << 16, even, Add(a[1] & UpperHalf, odd, sum1, ref rare), ref rare);
            sum2 = Add(a[2] << 16, even, Add(a[2] & UpperHalf, odd, sum2, ref rare), ref rare);
            sum3 = Add(a[3] << 16, even, Add(a[3] & UpperHalf, odd, sum3, ref rare), ref rare);
        }

        float* sums = stackalloc float[TileRows * Width];
        sum0.Store(sums);
        sum1.Store(sums + Width);
        sum2.Store(sums + (2 * Width));
        sum3.Store(sums + (3 * Width));
        if (rare != Vector256<int>.Zero)
        {
            return false;
        }

        for (int i = 0; i < rows; i++)
        {
            float* c = (float*)((byte*)arguments.C + (i * arguments.RowBytes));
            for (int j = 0; j < width; j++)
            {
                float sum = sums[(i * Width) + j];
                c[j] = arguments.Accumulate != 0 ? c[j] + sum : sum;
            }
        }

        return true;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Add(uint a, Vector256<float> b, Vector256<float> sum, ref Vector256<int> rare)
    {
        if ((a & Magnitude) < SmallestNormal)
        {
            a &= ~(uint)Magnitude;
        }

        Vector256<float> result = Vector256.FusedMultiplyAdd(Vector256.Create(a).AsSingle(), b, sum);
        rare |= Vector256.Equals(result.AsInt32() & Vector256.Create(Magnitude), Vector256.Create(SmallestNormal));
        return Flush(result);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Flush(Vector256<float> values)
    {
        Vector256<int> bits = values.AsInt32();
        Vector256<int> isNormal = Vector256.GreaterThan(bits & Vector256.Create(Magnitude), Vector256.Create(SmallestNormal - 1));
        return (bits & (isNormal | Vector256.Create(~Magnitude))).AsSingle();
    }
}
