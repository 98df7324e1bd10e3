using System.Runtime.InteropServices;
using Graft.Formats;
using Graft.Tensors;

namespace Graft.Conformance;

/// <summary>Reads the arrays of a case in whatever type they are stored.</summary>
internal static unsafe class CaseTensors
{
    /// <summary>A tensor that must be there.</summary>
    public static TensorEntry Entry(SafetensorsFile file, string name)
        => file.TryGet(name, out TensorEntry? entry) ? entry : throw new MismatchException($"the case lacks {name}");

    /// <summary>Its values as fp32.</summary>
    public static float[] Singles(SafetensorsFile file, string name) => Entry(file, name).ToSingles();

    /// <summary>Its bytes.</summary>
    public static byte[] Bytes(SafetensorsFile file, string name)
    {
        TensorEntry entry = Entry(file, name);
        return new ReadOnlySpan<byte>(entry.Data, (int)entry.ByteLength).ToArray();
    }

    /// <summary>Its bytes with their signs.</summary>
    public static sbyte[] SignedBytes(SafetensorsFile file, string name) => MemoryMarshal.Cast<byte, sbyte>(Bytes(file, name)).ToArray();

    /// <summary>Its integers of 32 or 64 bits.</summary>
    public static int[] Integers(SafetensorsFile file, string name) => Entry(file, name).DType == DType.Int32
        ? MemoryMarshal.Cast<byte, int>(Bytes(file, name)).ToArray()
        : [.. MemoryMarshal.Cast<byte, long>(Bytes(file, name)).ToArray().Select(value => (int)value)];

    /// <summary>A tensor as a matrix where it lies.</summary>
    public static WeightView View(TensorEntry entry)
    {
        int rows = entry.Shape.Count > 1 ? (int)entry.Shape[0] : 1;
        return new WeightView((nint)entry.Data, entry.DType, rows, (int)(entry.ElementCount / rows));
    }

    /// <summary>torch's name of a type.</summary>
    public static DType DTypeOf(string name) => name switch
    {
        "float32" => DType.Float32,
        "bfloat16" => DType.BFloat16,
        "float16" => DType.Float16,
        "uint8" => DType.UInt8,
        "int8" => DType.Int8,
        _ => throw new NotYetException($"dtype '{name}'"),
    };

    /// <summary>A number rounded to a type.</summary>
    public static float Round(float value, DType dtype) => dtype switch
    {
        DType.BFloat16 => BFloat16.ToSingle(BFloat16.FromSingle(value)),
        DType.Float16 => (float)(Half)value,
        _ => value,
    };

    /// <summary>Compares packed 4-bit codes; the two zeros of fp4 are the same.</summary>
    public static void SameCodes(string what, byte[] expected, ReadOnlySpan<byte> actual, FourBitType type)
    {
        byte[] found = actual.ToArray();
        if (type == FourBitType.FP4)
        {
            byte[] withoutSign = [0, 1, 2, 3, 4, 5, 6, 7, 0, 9, 10, 11, 12, 13, 14, 15];
            byte Unsigned(byte packed) => (byte)((withoutSign[packed >> 4] << 4) | withoutSign[packed & 15]);
            expected = [.. expected.Select(Unsigned)];
            found = [.. found.Select(Unsigned)];
        }

        Check.Equal(what, expected, found);
    }
}
