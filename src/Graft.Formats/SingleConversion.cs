using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Graft.Tensors;

namespace Graft.Formats;

/// <summary>Conversion of stored elements to binary32. Sources may be unaligned: headers of any length may precede them.</summary>
internal static unsafe class SingleConversion
{
    /// <summary>Refuses dtypes whose elements are not plain numbers.</summary>
    /// <exception cref="NotSupportedException">An 8-bit float (a scale is missing) or a complex number.</exception>
    public static void EnsureSupported(TensorEntry tensor)
    {
        if (tensor.DType is DType.Float8E4M3 or DType.Float8E5M2 or DType.Float8E8M0 or DType.Complex64)
        {
            throw new NotSupportedException(
                $"Tensor '{tensor.Name}' in '{tensor.FilePath}' is stored as {tensor.DType}, which has no conversion to 32-bit floats; save it as F32, BF16 or F16.");
        }
    }

    /// <summary>Converts <c>destination.Length</c> elements.</summary>
    public static void Convert(DType dtype, byte* source, Span<float> destination)
    {
        switch (dtype)
        {
            case DType.Float32:
                fixed (float* start = destination)
                {
                    long bytes = (long)destination.Length * sizeof(float);
                    Buffer.MemoryCopy(source, start, bytes, bytes);
                }

                break;
            case DType.BFloat16:
                FromBFloat16(source, destination);
                break;
            case DType.Float16:
                FromNumbers<Half>(source, destination);
                break;
            case DType.Float64:
                FromNumbers<double>(source, destination);
                break;
            case DType.Int64:
                FromNumbers<long>(source, destination);
                break;
            case DType.Int32:
                FromNumbers<int>(source, destination);
                break;
            case DType.Int16:
                FromNumbers<short>(source, destination);
                break;
            case DType.Int8:
                FromNumbers<sbyte>(source, destination);
                break;
            case DType.UInt64:
                FromNumbers<ulong>(source, destination);
                break;
            case DType.UInt32:
                FromNumbers<uint>(source, destination);
                break;
            case DType.UInt16:
                FromNumbers<ushort>(source, destination);
                break;
            case DType.UInt8:
                FromNumbers<byte>(source, destination);
                break;
            case DType.Bool:
                FromBooleans(source, destination);
                break;
            default:
                throw new NotSupportedException($"{dtype} has no conversion to 32-bit floats.");
        }
    }

    private static void FromBFloat16(byte* source, Span<float> destination)
    {
        int i = 0;
        if (Vector256.IsHardwareAccelerated)
        {
            for (; i <= destination.Length - Vector256<ushort>.Count; i += Vector256<ushort>.Count)
            {
                (Vector256<uint> lower, Vector256<uint> upper) = Vector256.Widen(Unsafe.ReadUnaligned<Vector256<ushort>>(source + (2L * i)));
                Vector256.ShiftLeft(lower, 16).AsSingle().CopyTo(destination[i..]);
                Vector256.ShiftLeft(upper, 16).AsSingle().CopyTo(destination[(i + 8)..]);
            }
        }

        for (; i < destination.Length; i++)
        {
            destination[i] = BFloat16.ToSingle(Unsafe.ReadUnaligned<ushort>(source + (2L * i)));
        }
    }

    private static void FromNumbers<T>(byte* source, Span<float> destination)
        where T : unmanaged, INumberBase<T>
    {
        for (int i = 0; i < destination.Length; i++)
        {
            destination[i] = float.CreateTruncating(Unsafe.ReadUnaligned<T>(source + ((long)sizeof(T) * i)));
        }
    }

    private static void FromBooleans(byte* source, Span<float> destination)
    {
        for (int i = 0; i < destination.Length; i++)
        {
            destination[i] = source[i] == 0 ? 0f : 1f;
        }
    }
}
