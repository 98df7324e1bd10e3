using Graft.Models;

namespace Graft.Peft;

/// <summary>An adapter method: how its config reads, which layers it changes, and what it puts there. One class a method, one line in <see cref="AdapterMethods"/>.</summary>
public abstract class AdapterMethod
{
    /// <summary>The value of <c>peft_type</c>.</summary>
    public abstract string PeftType { get; }

    /// <summary>Reads the config.</summary>
    /// <param name="reader">The adapter_config.json.</param>
    public abstract AdapterConfig ReadConfig(ConfigReader reader);

    /// <summary>The config with everything spelled out that the model decides: targets, layouts, tied modules.</summary>
    /// <param name="config">The config as given.</param>
    /// <param name="model">The model.</param>
    /// <exception cref="ArgumentException">The config does not fit the model.</exception>
    /// <exception cref="NotSupportedException">The config asks for a variant that Graft does not know.</exception>
    public abstract AdapterConfig Resolve(AdapterConfig config, LanguageModel model);

    /// <summary>Makes the parts of a new adapter; nothing in the model changes.</summary>
    /// <param name="config">What <see cref="Resolve"/> returned.</param>
    /// <param name="context">The model, the adapter's name, the seed.</param>
    public abstract IReadOnlyList<AdapterPart> CreateParts(AdapterConfig config, AdapterContext context);

    /// <summary>Joins several adapters of this method into one.</summary>
    /// <param name="sources">The adapters.</param>
    /// <param name="options">How to join them.</param>
    /// <param name="context">The model, the new adapter's name.</param>
    /// <exception cref="NotSupportedException">The method has no such combination.</exception>
    internal virtual Adapter Combine(IReadOnlyList<Adapter> sources, WeightedCombination options, AdapterContext context)
        => throw new NotSupportedException($"{PeftType} adapters cannot be combined into one");
}
