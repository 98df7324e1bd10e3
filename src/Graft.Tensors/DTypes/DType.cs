namespace Graft.Tensors;

/// <summary>Element types of stored tensors, in the vocabulary of safetensors and torch.</summary>
public enum DType
{
    /// <summary>IEEE 754 binary64.</summary>
    Float64,

    /// <summary>IEEE 754 binary32: the type of all arithmetic.</summary>
    Float32,

    /// <summary>IEEE 754 binary16.</summary>
    Float16,

    /// <summary>The upper half of a binary32.</summary>
    BFloat16,

    /// <summary>8-bit float with 4 exponent bits, finite (OCP E4M3FN).</summary>
    Float8E4M3,

    /// <summary>8-bit float with 5 exponent bits (OCP E5M2).</summary>
    Float8E5M2,

    /// <summary>8-bit exponent only (OCP E8M0), used as a block scale.</summary>
    Float8E8M0,

    /// <summary>Signed 64-bit integer.</summary>
    Int64,

    /// <summary>Signed 32-bit integer.</summary>
    Int32,

    /// <summary>Signed 16-bit integer.</summary>
    Int16,

    /// <summary>Signed 8-bit integer.</summary>
    Int8,

    /// <summary>Unsigned 64-bit integer.</summary>
    UInt64,

    /// <summary>Unsigned 32-bit integer.</summary>
    UInt32,

    /// <summary>Unsigned 16-bit integer.</summary>
    UInt16,

    /// <summary>Unsigned 8-bit integer.</summary>
    UInt8,

    /// <summary>One byte, zero or not.</summary>
    Bool,

    /// <summary>Two binary32, real and imaginary.</summary>
    Complex64,
}

/// <summary>Sizes and groups of <see cref="DType"/> values.</summary>
public static class DTypeExtensions
{
    /// <summary>Bytes that one element takes.</summary>
    /// <param name="dtype">The element type.</param>
    public static int SizeInBytes(this DType dtype) => dtype switch
    {
        DType.Float64 or DType.Int64 or DType.UInt64 or DType.Complex64 => 8,
        DType.Float32 or DType.Int32 or DType.UInt32 => 4,
        DType.Float16 or DType.BFloat16 or DType.Int16 or DType.UInt16 => 2,
        _ => 1,
    };

    /// <summary>Whether kernels can read a weight stored like this: fp32, bf16 or fp16.</summary>
    /// <param name="dtype">The element type.</param>
    public static bool IsWeightType(this DType dtype) => dtype is DType.Float32 or DType.BFloat16 or DType.Float16;
}
