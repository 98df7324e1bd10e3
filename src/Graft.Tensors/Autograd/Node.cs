using System.Runtime.InteropServices;

namespace Graft.Tensors;

/// <summary>What an op leaves on the tape: the tensors it saved and how it passes the gradient back.</summary>
/// <remarks>Nodes are pooled by type: fields keep their values from an earlier step, so an op sets all of them.</remarks>
public abstract class Node
{
    private readonly List<Tensor> _saved = new(4);

    /// <summary>The op's name in error messages and profiles.</summary>
    public abstract string Name { get; }

    /// <summary>The tensor whose gradient this node passes on.</summary>
    public Tensor Output { get; internal set; } = null!;

    internal ReadOnlySpan<Tensor> Saved => CollectionsMarshal.AsSpan(_saved);

    /// <summary>Adds the gradient of <see cref="Output"/>, times the op's derivative, to the gradients of its inputs.</summary>
    /// <param name="tape">The tape that runs backward.</param>
    public abstract void Backward(Tape tape);

    /// <summary>Keeps the data of <paramref name="tensor"/> until this node has run backward.</summary>
    /// <param name="tensor">An input, the output, or statistics that the forward pass made.</param>
    public void Save(Tensor tensor)
    {
        tensor.SavedBy++;
        _saved.Add(tensor);
    }

    /// <summary>Keeps statistics, whose precision the backward pass depends on: they stay fp32 whatever the tape computes in.</summary>
    /// <param name="tensor">Statistics that the forward pass made.</param>
    public void SaveExactly(Tensor tensor)
    {
        tensor.IsExact = true;
        Save(tensor);
    }

    internal void ForgetSaved() => _saved.Clear();
}
