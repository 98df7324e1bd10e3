using Graft.Tensors;

namespace Graft.Cli.Folders;

/// <summary>Names of the formats that weights are stored in, as users write them.</summary>
internal static class WeightTypes
{
    /// <summary>The format called <paramref name="name"/>.</summary>
    /// <param name="name">Torch's name, or the short one.</param>
    /// <param name="option">What messages call the option.</param>
    /// <exception cref="ArgumentException">No such format.</exception>
    public static DType Parse(string name, string option) => (name.StartsWith("torch.", StringComparison.Ordinal) ? name["torch.".Length..] : name) switch
    {
        "float32" or "fp32" => DType.Float32,
        "bfloat16" or "bf16" => DType.BFloat16,
        "float16" or "fp16" => DType.Float16,
        _ => throw new ArgumentException($"{option} '{name}' is unknown; there are float32, bfloat16 and float16"),
    };
}
