using Graft.Models;
using Graft.Tensors;

namespace Graft.Peft;

/// <summary>A trainable copy of one weight of a module that is saved as a whole (PEFT's modules_to_save).</summary>
internal sealed class SavedModulePart : AdapterPart
{
    private readonly IReadOnlyList<WeightSlot> _slots;
    private readonly Parameter _copy;

    /// <summary>Copies the weight.</summary>
    /// <param name="module">The module that the weight sits in.</param>
    /// <param name="slots">Its place, and further places that share it.</param>
    /// <param name="parameter">The copy with its names.</param>
    public SavedModulePart(Module module, IReadOnlyList<WeightSlot> slots, AdapterParameter parameter)
        : base(module.Name)
    {
        _slots = slots;
        _copy = parameter.Parameter;
        Parameters = [parameter];
    }

    public override IReadOnlyList<AdapterParameter> Parameters { get; }

    public override void Activate(float scale)
    {
        foreach (WeightSlot slot in _slots)
        {
            slot.Replacement = _copy;
        }
    }

    public override void Deactivate()
    {
        foreach (WeightSlot slot in _slots)
        {
            slot.Replacement = null;
        }
    }

    /// <summary>The merged model gets values of its own, so that later training does not change it.</summary>
    public override void Merge(MergedWeights weights, float scale)
    {
        Parameter merged = StoredValues.Copy(_copy, _slots[0].Original.Name);
        foreach (WeightSlot slot in _slots)
        {
            weights.Put(slot, merged);
        }
    }
}
