using Graft.Tensors;

namespace Graft.Formats;

/// <summary>The names of element types in safetensors headers, and the order in which the format's library lays them out.</summary>
internal static class SafetensorsDTypes
{
    // Narrow to wide; among equals the order that files written by the safetensors library show.
    private static readonly (string Name, DType DType)[] Ascending =
    [
        ("BOOL", DType.Bool),
        ("U8", DType.UInt8),
        ("I8", DType.Int8),
        ("F8_E5M2", DType.Float8E5M2),
        ("F8_E4M3", DType.Float8E4M3),
        ("F8_E8M0", DType.Float8E8M0),
        ("I16", DType.Int16),
        ("U16", DType.UInt16),
        ("F16", DType.Float16),
        ("BF16", DType.BFloat16),
        ("I32", DType.Int32),
        ("U32", DType.UInt32),
        ("F32", DType.Float32),
        ("C64", DType.Complex64),
        ("F64", DType.Float64),
        ("I64", DType.Int64),
        ("U64", DType.UInt64),
    ];

    /// <summary>All names, for error messages.</summary>
    public static string Known => string.Join(' ', Ascending.Select(entry => entry.Name));

    /// <summary>The dtype called <paramref name="name"/>.</summary>
    public static bool TryParse(string name, out DType dtype)
    {
        foreach ((string known, DType value) in Ascending)
        {
            if (known == name)
            {
                dtype = value;
                return true;
            }
        }

        dtype = default;
        return false;
    }

    /// <summary>The name of <paramref name="dtype"/>.</summary>
    public static string NameOf(DType dtype) => Ascending[Rank(dtype)].Name;

    /// <summary>Place in the order of layout: tensors of higher rank come first.</summary>
    public static int Rank(DType dtype) => Array.FindIndex(Ascending, entry => entry.DType == dtype);
}
