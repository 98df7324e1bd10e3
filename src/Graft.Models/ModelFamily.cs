namespace Graft.Models;

/// <summary>A model family: how to read its config.json, build it, and name its weights.</summary>
public abstract class ModelFamily
{
    /// <summary>The value of <c>model_type</c>.</summary>
    public abstract string ModelType { get; }

    /// <summary>Reads the configuration.</summary>
    /// <param name="reader">The config.json.</param>
    public abstract ModelConfig ReadConfig(ConfigReader reader);

    /// <summary>Builds the model.</summary>
    /// <param name="config">What <see cref="ReadConfig"/> returned.</param>
    /// <param name="weights">Where the weights come from.</param>
    public abstract LanguageModel Create(ModelConfig config, WeightSource weights);

    /// <summary>Today's name of a tensor in a checkpoint; null for a buffer of old files that is no weight.</summary>
    /// <param name="key">The tensor's name in the file.</param>
    public abstract string? CanonicalName(string key);

    /// <summary>Puts <paramref name="prefix"/> before a key that lacks it, unless it is the head's.</summary>
    /// <param name="key">The tensor's name in the file.</param>
    /// <param name="prefix">The base model's name and a dot.</param>
    protected static string WithPrefix(string key, string prefix)
        => key.StartsWith(prefix, StringComparison.Ordinal) || key.StartsWith("lm_head.", StringComparison.Ordinal) ? key : prefix + key;
}
