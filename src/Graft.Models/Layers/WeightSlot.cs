using Graft.Tensors;

namespace Graft.Models;

/// <summary>A place in a module where a weight sits: the one from the checkpoint, or one that an adapter has put over it.</summary>
public sealed class WeightSlot
{
    /// <summary>Holds <paramref name="original"/>.</summary>
    /// <param name="name">Last part of the name, such as <c>weight</c>.</param>
    /// <param name="original">The weight of the base model.</param>
    public WeightSlot(string name, Parameter original)
    {
        Name = name;
        Original = original;
    }

    /// <summary>Last part of the name, such as <c>weight</c> or <c>bias</c>.</summary>
    public string Name { get; }

    /// <summary>The weight of the base model. Merging writes here.</summary>
    public Parameter Original { get; set; }

    /// <summary>What an adapter has put in its place (PEFT's modules_to_save, trained biases), or null.</summary>
    public Parameter? Replacement { get; set; }

    /// <summary>The weight in use.</summary>
    public Parameter Current => Replacement ?? Original;
}
