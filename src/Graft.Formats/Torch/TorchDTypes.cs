using System.Diagnostics.CodeAnalysis;
using Graft.Tensors;

namespace Graft.Formats;

/// <summary>Names of torch's dtypes and typed storage classes.</summary>
internal static class TorchDTypes
{
    /// <summary>The dtypes that torch has and tensors here cannot be of; as plain values they are harmless.</summary>
    private static readonly string[] NamesOnly =
    [
        "complex32", "chalf", "complex128", "cdouble", "float8_e4m3fnuz", "float8_e5m2fnuz", "float4_e2m1fn_x2",
        "quint8", "qint8", "qint32", "quint4x2", "quint2x4", "bits1x8", "bits2x4", "bits4x2", "bits8", "bits16",
    ];

    /// <summary>The dtype that <c>torch.NAME</c> is.</summary>
    public static bool TryParse(string name, out DType dtype)
    {
        DType? found = name switch
        {
            "float64" or "double" => DType.Float64,
            "float32" or "float" => DType.Float32,
            "float16" or "half" => DType.Float16,
            "bfloat16" => DType.BFloat16,
            "float8_e4m3fn" => DType.Float8E4M3,
            "float8_e5m2" => DType.Float8E5M2,
            "float8_e8m0fnu" => DType.Float8E8M0,
            "int64" or "long" => DType.Int64,
            "int32" or "int" => DType.Int32,
            "int16" or "short" => DType.Int16,
            "int8" => DType.Int8,
            "uint64" => DType.UInt64,
            "uint32" => DType.UInt32,
            "uint16" => DType.UInt16,
            "uint8" => DType.UInt8,
            "bool" => DType.Bool,
            "complex64" or "cfloat" => DType.Complex64,
            _ => null,
        };
        dtype = found.GetValueOrDefault();
        return found is not null;
    }

    /// <summary>Whether <c>torch.NAME</c> is a dtype at all.</summary>
    public static bool IsName(string name) => TryParse(name, out _) || NamesOnly.Contains(name);

    /// <summary>The element type of a typed storage class.</summary>
    public static bool TryParseStorage(string className, [NotNullWhen(true)] out DType? dtype)
    {
        dtype = className switch
        {
            "DoubleStorage" => DType.Float64,
            "FloatStorage" => DType.Float32,
            "HalfStorage" => DType.Float16,
            "BFloat16Storage" => DType.BFloat16,
            "LongStorage" => DType.Int64,
            "IntStorage" => DType.Int32,
            "ShortStorage" => DType.Int16,
            "CharStorage" => DType.Int8,
            "ByteStorage" => DType.UInt8,
            "BoolStorage" => DType.Bool,
            "ComplexFloatStorage" => DType.Complex64,
            _ => null,
        };
        return dtype is not null;
    }
}
