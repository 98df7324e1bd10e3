using Graft.Tensors;

namespace Graft.Peft;

/// <summary>A parameter to be trained.</summary>
/// <param name="Name">Its name in PEFT's <c>named_parameters()</c>: with the adapter's name; a weight of the base model without adapters goes by its own name.</param>
/// <param name="ModuleType">Class of the module that owns it, as torch names it: <c>Linear</c>, <c>LayerNorm</c>, <c>Embedding</c> ...</param>
/// <param name="Parameter">The values.</param>
public sealed record TrainableParameter(string Name, string ModuleType, Parameter Parameter)
{
    /// <summary>Its name in the file that it is saved in: without the adapter's name.</summary>
    public string Key { get; init; } = Name;
}
