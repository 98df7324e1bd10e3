namespace Graft.Peft;

/// <content>Several adapters joined into a new one.</content>
public sealed partial class PeftModel
{
    /// <summary>Adds an adapter that is a weighted combination of others (PEFT's <c>add_weighted_adapter</c>). It is frozen and does not become active.</summary>
    /// <param name="adapters">Names of the adapters, all of one method.</param>
    /// <param name="combination">A weight for each, and how they are combined.</param>
    /// <param name="name">Name of the new adapter.</param>
    /// <exception cref="ArgumentException">The adapters do not go together, or a value is not possible.</exception>
    /// <exception cref="NotSupportedException">The method has no such combination, or an adapter has more than the method's own tensors.</exception>
    public void AddWeightedAdapter(IReadOnlyList<string> adapters, WeightedCombination combination, string name)
    {
        ArgumentNullException.ThrowIfNull(adapters);
        ArgumentNullException.ThrowIfNull(combination);
        combination.Validate(adapters.Count);
        Adapter[] sources = [.. adapters.Select(Find)];
        CheckNew(sources[0].Config, name);
        var context = new AdapterContext(Base, name, Seed: null, AutocastAdapterDType: true);
        Attach(AdapterMethods.Of(sources[0].Config.PeftType).Combine(sources, combination, context));
    }
}
