namespace Graft.Formats;

/// <summary>Types of GGUF metadata values, numbered as in the file.</summary>
public enum GgufValueType
{
    /// <summary>Unsigned 8-bit integer.</summary>
    UInt8 = 0,

    /// <summary>Signed 8-bit integer.</summary>
    Int8 = 1,

    /// <summary>Unsigned 16-bit integer.</summary>
    UInt16 = 2,

    /// <summary>Signed 16-bit integer.</summary>
    Int16 = 3,

    /// <summary>Unsigned 32-bit integer.</summary>
    UInt32 = 4,

    /// <summary>Signed 32-bit integer.</summary>
    Int32 = 5,

    /// <summary>IEEE 754 binary32.</summary>
    Float32 = 6,

    /// <summary>One byte, zero or not.</summary>
    Bool = 7,

    /// <summary>UTF-8 text.</summary>
    String = 8,

    /// <summary>A list of values of one type.</summary>
    Array = 9,

    /// <summary>Unsigned 64-bit integer.</summary>
    UInt64 = 10,

    /// <summary>Signed 64-bit integer.</summary>
    Int64 = 11,

    /// <summary>IEEE 754 binary64.</summary>
    Float64 = 12,
}

/// <summary>A metadata value of a GGUF file.</summary>
/// <param name="Type">Its type.</param>
/// <param name="ElementType">For an array, the type of its elements; else null.</param>
/// <param name="Value">
/// <see cref="byte"/>, <see cref="sbyte"/>, <see cref="ushort"/>, <see cref="short"/>, <see cref="uint"/>, <see cref="int"/>,
/// <see cref="float"/>, <see cref="bool"/>, <see cref="string"/>, <see cref="ulong"/>, <see cref="long"/>, <see cref="double"/>,
/// or an array of one of these (of <see cref="GgufValue"/> for arrays of arrays).
/// </param>
public sealed record GgufValue(GgufValueType Type, GgufValueType? ElementType, object Value);
