using Graft.Tensors;

namespace Graft.Formats;

/// <summary>Storage types of GGUF tensors, numbered as ggml does.</summary>
public enum GgufTensorType
{
    /// <summary>IEEE 754 binary32.</summary>
    F32 = 0,

    /// <summary>IEEE 754 binary16.</summary>
    F16 = 1,

    /// <summary>4 bits, a scale for 32.</summary>
    Q4_0 = 2,

    /// <summary>4 bits, a scale and a minimum for 32.</summary>
    Q4_1 = 3,

    /// <summary>5 bits, a scale for 32.</summary>
    Q5_0 = 6,

    /// <summary>5 bits, a scale and a minimum for 32.</summary>
    Q5_1 = 7,

    /// <summary>8 bits, a scale for 32.</summary>
    Q8_0 = 8,

    /// <summary>8 bits, a scale and a sum for 32; for activations.</summary>
    Q8_1 = 9,

    /// <summary>2 bits, super-blocks of 256.</summary>
    Q2_K = 10,

    /// <summary>3 bits, super-blocks of 256.</summary>
    Q3_K = 11,

    /// <summary>4 bits, super-blocks of 256.</summary>
    Q4_K = 12,

    /// <summary>5 bits, super-blocks of 256.</summary>
    Q5_K = 13,

    /// <summary>6 bits, super-blocks of 256.</summary>
    Q6_K = 14,

    /// <summary>8 bits, super-blocks of 256; for activations.</summary>
    Q8_K = 15,

    /// <summary>2.06 bits by a grid.</summary>
    IQ2_XXS = 16,

    /// <summary>2.31 bits by a grid.</summary>
    IQ2_XS = 17,

    /// <summary>3.06 bits by a grid.</summary>
    IQ3_XXS = 18,

    /// <summary>1.56 bits by a grid.</summary>
    IQ1_S = 19,

    /// <summary>4 bits by a table, a scale for 32.</summary>
    IQ4_NL = 20,

    /// <summary>3.44 bits by a grid.</summary>
    IQ3_S = 21,

    /// <summary>2.56 bits by a grid.</summary>
    IQ2_S = 22,

    /// <summary>4.25 bits by a table, super-blocks of 256.</summary>
    IQ4_XS = 23,

    /// <summary>Signed 8-bit integers.</summary>
    I8 = 24,

    /// <summary>Signed 16-bit integers.</summary>
    I16 = 25,

    /// <summary>Signed 32-bit integers.</summary>
    I32 = 26,

    /// <summary>Signed 64-bit integers.</summary>
    I64 = 27,

    /// <summary>IEEE 754 binary64.</summary>
    F64 = 28,

    /// <summary>1.75 bits by a grid.</summary>
    IQ1_M = 29,

    /// <summary>The upper half of a binary32.</summary>
    BF16 = 30,

    /// <summary>Ternary, 1.69 bits.</summary>
    TQ1_0 = 34,

    /// <summary>Ternary, 2.06 bits.</summary>
    TQ2_0 = 35,

    /// <summary>4-bit floats, an 8-bit exponent for 32.</summary>
    MXFP4 = 39,

    /// <summary>4-bit floats, an 8-bit float scale for 16.</summary>
    NVFP4 = 40,
}

/// <summary>Block sizes of <see cref="GgufTensorType"/>.</summary>
public static class GgufTensorTypes
{
    /// <summary>Elements and bytes of a block; a row is a whole number of blocks.</summary>
    /// <param name="type">A defined type.</param>
    /// <exception cref="ArgumentOutOfRangeException">The type is not defined.</exception>
    public static (int Elements, int Bytes) Block(this GgufTensorType type) => type switch
    {
        GgufTensorType.F32 or GgufTensorType.I32 => (1, 4),
        GgufTensorType.F16 or GgufTensorType.BF16 or GgufTensorType.I16 => (1, 2),
        GgufTensorType.F64 or GgufTensorType.I64 => (1, 8),
        GgufTensorType.I8 => (1, 1),
        GgufTensorType.Q4_0 or GgufTensorType.IQ4_NL => (32, 18),
        GgufTensorType.Q4_1 => (32, 20),
        GgufTensorType.Q5_0 => (32, 22),
        GgufTensorType.Q5_1 => (32, 24),
        GgufTensorType.Q8_0 => (32, 34),
        GgufTensorType.Q8_1 => (32, 36),
        GgufTensorType.MXFP4 => (32, 17),
        GgufTensorType.NVFP4 => (64, 36),
        GgufTensorType.Q2_K => (256, 84),
        GgufTensorType.Q3_K or GgufTensorType.IQ3_S => (256, 110),
        GgufTensorType.Q4_K => (256, 144),
        GgufTensorType.Q5_K => (256, 176),
        GgufTensorType.Q6_K => (256, 210),
        GgufTensorType.Q8_K => (256, 292),
        GgufTensorType.IQ2_XXS or GgufTensorType.TQ2_0 => (256, 66),
        GgufTensorType.IQ2_XS => (256, 74),
        GgufTensorType.IQ2_S => (256, 82),
        GgufTensorType.IQ3_XXS => (256, 98),
        GgufTensorType.IQ4_XS => (256, 136),
        GgufTensorType.IQ1_S => (256, 50),
        GgufTensorType.IQ1_M => (256, 56),
        GgufTensorType.TQ1_0 => (256, 54),
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "not a GGUF tensor type"),
    };

    /// <summary>The element type, where elements stand alone; null for block formats.</summary>
    /// <param name="type">A tensor type.</param>
    public static DType? PlainDType(this GgufTensorType type) => type switch
    {
        GgufTensorType.F32 => DType.Float32,
        GgufTensorType.F16 => DType.Float16,
        GgufTensorType.BF16 => DType.BFloat16,
        GgufTensorType.F64 => DType.Float64,
        GgufTensorType.I8 => DType.Int8,
        GgufTensorType.I16 => DType.Int16,
        GgufTensorType.I32 => DType.Int32,
        GgufTensorType.I64 => DType.Int64,
        _ => null,
    };
}
