using Graft.Models;
using Graft.Tensors;

namespace Graft.Cli.Bench;

/// <summary>How the frozen base of a measured step is stored.</summary>
/// <param name="Name">What the command line calls it.</param>
/// <param name="DType">Storage of what is not quantised: embedding, head and norms.</param>
/// <param name="Quantization">How the linear layers are quantised; null for not at all.</param>
internal sealed record BaseStorage(string Name, DType DType, QuantizationConfig? Quantization = null)
{
    /// <summary>Names of all storages.</summary>
    public static readonly string[] Names = ["fp32", "bf16", "nf4", "int8"];

    /// <summary>The storage called <paramref name="name"/>.</summary>
    /// <param name="name">One of <see cref="Names"/>.</param>
    /// <exception cref="ArgumentException">No such storage.</exception>
    public static BaseStorage Of(string name) => name switch
    {
        "fp32" => new BaseStorage(name, DType.Float32),
        "bf16" => new BaseStorage(name, DType.BFloat16),
        "nf4" => new BaseStorage(name, DType.BFloat16, new QuantizationConfig { LoadIn4Bit = true, Bnb4BitQuantType = FourBitType.NF4, Bnb4BitUseDoubleQuant = true }),
        "int8" => new BaseStorage(name, DType.BFloat16, new QuantizationConfig { LoadIn8Bit = true }),
        _ => throw new ArgumentException($"--dtype '{name}' is unknown; there are {string.Join(", ", Names)}"),
    };

    /// <summary>Makes a model with random weights, or loads that of the shape's folder, stored like this.</summary>
    /// <param name="shape">The model.</param>
    public CausalLanguageModel CreateModel(ModelShape shape)
    {
        if (shape.Folder is not null)
        {
            return CausalLanguageModel.Load(shape.Folder, Quantization, DType);
        }

        CausalLanguageModel model = shape.CreateModel(DType);
        if (Quantization is not null)
        {
            ModelQuantization.Quantize(model, Quantization);

            // What the quantised layers were made from.
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }

        return model;
    }
}
