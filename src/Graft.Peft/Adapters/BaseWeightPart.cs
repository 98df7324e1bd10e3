using Graft.Models;
using Graft.Tensors;

namespace Graft.Peft;

/// <summary>A weight of the base model that the adapter changes for good: a trained bias, or an embedding saved with the adapter.</summary>
/// <remarks>As in PEFT it acts while the adapter exists, even when it is disabled, and merging keeps it. Deleting the adapter takes it back.</remarks>
internal sealed class BaseWeightPart : AdapterPart
{
    private readonly List<(WeightSlot Slot, Parameter Before)> _slots;
    private readonly Parameter _weight;
    private bool _isAttached;

    /// <summary>Prepares the change; <see cref="Attach"/> makes it.</summary>
    /// <param name="moduleName">Path of the module that the weight sits in.</param>
    /// <param name="slots">All places that share the weight.</param>
    /// <param name="parameter">The new weight with its names.</param>
    public BaseWeightPart(string moduleName, IEnumerable<WeightSlot> slots, AdapterParameter parameter)
        : base(moduleName)
    {
        _slots = [.. slots.Select(slot => (slot, slot.Original))];
        _weight = parameter.Parameter;
        Parameters = [parameter];
    }

    public override IReadOnlyList<AdapterParameter> Parameters { get; }

    public override void Attach()
    {
        for (int i = 0; i < _slots.Count; i++)
        {
            _slots[i] = (_slots[i].Slot, _slots[i].Slot.Original);
            _slots[i].Slot.Original = _weight;
        }

        _isAttached = true;
    }

    public override void Detach()
    {
        foreach ((WeightSlot slot, Parameter before) in _slots)
        {
            // Another adapter may have put its own weight over this one.
            if (_isAttached && ReferenceEquals(slot.Original, _weight))
            {
                slot.Original = before;
            }
        }

        _isAttached = false;
    }
}
