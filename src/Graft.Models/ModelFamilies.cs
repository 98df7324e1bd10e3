using Graft.Models.Bloom;
using Graft.Models.Falcon;
using Graft.Models.Gpt2;
using Graft.Models.Llama;

namespace Graft.Models;

/// <summary>All families that Graft knows. A new one is a folder beside the others and a line here.</summary>
public static class ModelFamilies
{
    /// <summary>The families, by name.</summary>
    public static IReadOnlyList<ModelFamily> All { get; } =
    [
        new BloomFamily(),
        new FalconFamily(),
        new Gpt2Family(),
        new LlamaFamily(),
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
