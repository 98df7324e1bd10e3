using Graft.Models.Bloom;
using Graft.Models.Ernie45;
using Graft.Models.Falcon;
using Graft.Models.Gpt2;
using Graft.Models.Llama;
using Graft.Models.Ministral;
using Graft.Models.Ministral3;
using Graft.Models.Mistral;
using Graft.Models.Qwen2;
using Graft.Models.Qwen3;
using Graft.Models.SmolLm3;
using Graft.Models.T5;

namespace Graft.Models;

/// <summary>All families that Graft knows. A new one is a folder beside the others and a line here.</summary>
public static class ModelFamilies
{
    /// <summary>The families, by name.</summary>
    public static IReadOnlyList<ModelFamily> All { get; } =
    [
        new BloomFamily(),
        new Ernie45Family(),
        new FalconFamily(),
        new Gpt2Family(),
        new LlamaFamily(),
        new MinistralFamily(),
        new Ministral3Family(),
        new MistralFamily(),
        new MT5Family(),
        new Qwen2Family(),
        new Qwen3Family(),
        new SmolLm3Family(),
        new T5Family(),
        new UMT5Family(),
    ];

    /// <summary>The family that a config.json asks for, and its configuration.</summary>
    /// <param name="reader">The config.json.</param>
    /// <param name="config">The configuration.</param>
    /// <exception cref="NotSupportedException">No such family.</exception>
    public static ModelFamily Of(ConfigReader reader, out ModelConfig config)
    {
        string modelType = reader.Text(string.Empty, "model_type");
        if (modelType.Length == 0)
        {
            throw reader.Error($"model_type is missing; known are {Known()}");
        }

        ModelFamily family = All.FirstOrDefault(family => family.ModelType == modelType)
            ?? throw new NotSupportedException(reader.Error($"model_type '{modelType}' is not supported; known are {Known()}").Message);
        config = family.ReadConfig(reader);
        return family;
    }

    private static string Known() => string.Join(", ", All.Select(family => family.ModelType));
}
