using Graft.Models;
using Graft.Tensors;

namespace Graft.Cli.Planning;

/// <summary>Weights that are all zero and share their memory: enough to measure what a step needs, for a model of any size.</summary>
internal sealed unsafe class BlankWeights(DType dtype) : WeightSource
{
    private object? _owner;
    private nint _zeros;
    private long _length;

    /// <inheritdoc/>
    public override Parameter Take(string name, WeightRole role, int[] shape)
    {
        long bytes = shape.Aggregate((long)dtype.SizeInBytes(), (product, dimension) => product * dimension);
        if (bytes > _length)
        {
            // The smaller one lives on in the weights that have it.
            var buffer = new NativeBuffer(bytes);
            (_owner, _zeros, _length) = (buffer, (nint)buffer.Data, bytes);
        }

        return new Parameter(name, shape, dtype, _zeros, _owner);
    }

    /// <inheritdoc/>
    public override bool Has(string name) => false;

    /// <inheritdoc/>
    public override bool AreEqual(string first, string second) => false;

    /// <inheritdoc/>
    public override void Finish()
    {
    }
}
