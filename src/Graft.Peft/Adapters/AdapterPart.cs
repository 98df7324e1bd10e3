using Graft.Models;

namespace Graft.Peft;

/// <summary>What an adapter does to one place of the model: it can be switched on and off, and merged into the weights.</summary>
public abstract class AdapterPart
{
    /// <summary>Names the place.</summary>
    /// <param name="moduleName">Path of the module in the base model.</param>
    protected AdapterPart(string moduleName) => ModuleName = moduleName;

    /// <summary>Path of the module in the base model.</summary>
    public string ModuleName { get; }

    /// <summary>Its tensors.</summary>
    public abstract IReadOnlyList<AdapterParameter> Parameters { get; }

    /// <summary>Changes the base model for as long as the adapter exists, active or not.</summary>
    public virtual void Attach()
    {
    }

    /// <summary>Takes back what <see cref="Attach"/> did.</summary>
    public virtual void Detach()
    {
    }

    /// <summary>Plugs in, after the parts that are active already.</summary>
    /// <param name="scale">Multiplies the adapter's effect where the method knows a scaling.</param>
    public virtual void Activate(float scale)
    {
    }

    /// <summary>Unplugs.</summary>
    public virtual void Deactivate()
    {
    }

    /// <summary>Writes the effect into the base weights.</summary>
    /// <param name="weights">Where to take writable weights from.</param>
    /// <param name="scale">As for <see cref="Activate"/>.</param>
    /// <exception cref="NotSupportedException">It cannot be merged; the message says why.</exception>
    public virtual void Merge(MergedWeights weights, float scale)
    {
    }
}
