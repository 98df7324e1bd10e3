using Graft.Tensors;

namespace Graft.Cli.Inspection;

/// <summary>Element types as torch calls them.</summary>
internal static class DTypeNames
{
    /// <summary>The name without <c>torch.</c>.</summary>
    public static string Of(DType dtype) => dtype switch
    {
        DType.Float8E4M3 => "float8_e4m3fn",
        DType.Float8E5M2 => "float8_e5m2",
        DType.Float8E8M0 => "float8_e8m0fnu",
        _ => dtype.ToString().ToLowerInvariant(),
    };
}
