namespace Graft.Models;

/// <summary>A part of a model, with the name and the parts that it has in Hugging Face Transformers.</summary>
public abstract class Module
{
    private readonly List<Module> _children = [];
    private readonly List<WeightSlot> _weights = [];

    /// <summary>Names the module.</summary>
    /// <param name="name">Full path, such as <c>transformer.h.0.mlp</c>; empty for the model itself.</param>
    protected Module(string name) => Name = name;

    /// <summary>Full path, such as <c>transformer.h.0.mlp</c>; empty for the model itself.</summary>
    public string Name { get; }

    /// <summary>Direct parts, in the order of the forward pass.</summary>
    public IReadOnlyList<Module> Children => _children;

    /// <summary>Weights that sit in this module itself.</summary>
    public IReadOnlyList<WeightSlot> Weights => _weights;

    /// <summary>This module and all below it, outer before inner.</summary>
    public IEnumerable<Module> NamedModules()
    {
        yield return this;
        foreach (Module child in _children)
        {
            foreach (Module module in child.NamedModules())
            {
                yield return module;
            }
        }
    }

    /// <summary>All weights of this module and those below it, with their full names. A tied weight comes once for each place.</summary>
    public IEnumerable<(string Name, WeightSlot Slot)> NamedWeights()
    {
        foreach (Module module in NamedModules())
        {
            foreach (WeightSlot slot in module._weights)
            {
                yield return (module.Name.Length == 0 ? slot.Name : $"{module.Name}.{slot.Name}", slot);
            }
        }
    }

    /// <summary>Registers a part.</summary>
    /// <typeparam name="TModule">Its type.</typeparam>
    /// <param name="module">The part.</param>
    protected TModule Add<TModule>(TModule module)
        where TModule : Module
    {
        _children.Add(module);
        return module;
    }

    /// <summary>Registers a weight.</summary>
    /// <param name="name">Last part of its name.</param>
    /// <param name="parameter">The weight, or null for a weight that this module does without.</param>
    /// <returns>Its slot; null for null.</returns>
    [return: System.Diagnostics.CodeAnalysis.NotNullIfNotNull(nameof(parameter))]
    protected WeightSlot? AddWeight(string name, Tensors.Parameter? parameter)
    {
        if (parameter is null)
        {
            return null;
        }

        var slot = new WeightSlot(name, parameter);
        _weights.Add(slot);
        return slot;
    }
}
