using Graft.Models;
using Graft.Tensors;

namespace Graft.Cli.Bench;

/// <summary>How the frozen base of a measured step is stored.</summary>
/// <param name="Name">What the command line calls it.</param>
/// <param name="DType">Storage of what is not quantised: embedding, head and norms.</param>
/// <param name="Quantization">How bitsandbytes would quantise the linear layers; null for not at all.</param>
/// <param name="Blocks">GGUF format of the linear layers; null for none. An embedding that is the head too is kept in Q8_0, much as llama.cpp does it.</param>
internal sealed record BaseStorage(string Name, DType DType, QuantizationConfig? Quantization = null, string? Blocks = null)
{
    /// <summary>Names of all storages.</summary>
    public static readonly string[] Names = ["fp32", "bf16", "nf4", "int8", "q4_0", "q8_0"];

    /// <summary>The storage called <paramref name="name"/>.</summary>
    /// <param name="name">One of <see cref="Names"/>.</param>
    /// <exception cref="ArgumentException">No such storage.</exception>
    public static BaseStorage Of(string name) => name switch
    {
        "fp32" => new BaseStorage(name, DType.Float32),
        "bf16" => new BaseStorage(name, DType.BFloat16),
        "nf4" => new BaseStorage(name, DType.BFloat16, new QuantizationConfig { LoadIn4Bit = true, Bnb4BitQuantType = FourBitType.NF4, Bnb4BitUseDoubleQuant = true }),
        "int8" => new BaseStorage(name, DType.BFloat16, new QuantizationConfig { LoadIn8Bit = true }),
        "q4_0" => new BaseStorage(name, DType.BFloat16, Blocks: "Q4_0"),
        "q8_0" => new BaseStorage(name, DType.BFloat16, Blocks: "Q8_0"),
        _ => throw new ArgumentException($"--dtype '{name}' is unknown; there are {string.Join(", ", Names)}"),
    };

    /// <summary>Makes a model with random weights, or loads that of the shape's folder, stored like this.</summary>
    /// <param name="shape">The model.</param>
    public CausalLanguageModel CreateModel(ModelShape shape)
    {
        CausalLanguageModel model = shape.Folder is null ? shape.CreateModel(DType) : CausalLanguageModel.Load(shape.Folder, Quantization, DType);
        if (Quantization is not null && shape.Folder is null)
        {
            ModelQuantization.Quantize(model, Quantization);
        }

        if (Blocks is not null)
        {
            EncodeBlocks(model, Blocks);
        }

        // What the quantised layers were made from.
        GC.Collect();
        GC.WaitForPendingFinalizers();
        return model;
    }

    private static void EncodeBlocks(CausalLanguageModel model, string blocks)
    {
        Parameter embedding = model.InputEmbedding.Weight.Original;
        foreach (Linear layer in model.NamedModules().OfType<Linear>().Where(layer => layer.Layout == LinearLayout.OutIn))
        {
            Parameter weight = layer.Weight.Original;
            bool isTied = ReferenceEquals(weight, embedding);
            layer.Weight.Original = new Parameter(weight.Name, weight.Shape, BlockMatrix.Encode(weight.View, BlockFormat.Find(isTied ? "Q8_0" : blocks)!));
            if (isTied)
            {
                model.InputEmbedding.Weight.Original = layer.Weight.Original;
            }
        }
    }
}
