using Graft.Tensors;

namespace Graft.Models;

/// <summary>A decoder-only language model: each token sees those before it.</summary>
public abstract class CausalLanguageModel : LanguageModel
{
    /// <summary>Names no path: it is the root of the module tree.</summary>
    /// <param name="config">What config.json says.</param>
    protected CausalLanguageModel(ModelConfig config)
        : base(config)
    {
    }

    /// <summary>The blocks, in order.</summary>
    public abstract IReadOnlyList<TransformerBlock> Blocks { get; }

    /// <summary>Loads a Hugging Face folder, or a GGUF file, whose model continues texts.</summary>
    /// <param name="folder">The folder, or the file.</param>
    /// <param name="quantization">How to quantise the linear layers while loading; null to leave them as they are in the files.</param>
    /// <param name="dtype">What weights that are not quantised are stored as; null for the files' own.</param>
    /// <exception cref="InvalidDataException">The folder's files do not make a model; the message says what and where.</exception>
    /// <exception cref="NotSupportedException">Another kind of model, or a family or option that Graft does not know.</exception>
    public static new CausalLanguageModel Load(string folder, QuantizationConfig? quantization = null, DType? dtype = null)
        => Require(LanguageModel.Load(folder, quantization, dtype), folder);

    /// <summary>A new model with random weights.</summary>
    /// <param name="config">The config.json to build from.</param>
    /// <param name="seed">Seed of the weights.</param>
    /// <param name="dtype">How the weights are stored.</param>
    /// <exception cref="NotSupportedException">Another kind of model.</exception>
    public static new CausalLanguageModel Create(ConfigReader config, ulong seed, DType dtype = DType.Float32)
        => Require(LanguageModel.Create(config, seed, dtype), "config.json");

    private static CausalLanguageModel Require(LanguageModel model, string where)
    {
        if (model is CausalLanguageModel causal)
        {
            return causal;
        }

        using (model)
        {
            throw new NotSupportedException($"{where}: a {model.Config.ModelType} model does not continue texts (it is no CAUSAL_LM), which is needed here");
        }
    }
}
