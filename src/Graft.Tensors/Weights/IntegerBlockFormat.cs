using Graft.Tensors.Kernels;

namespace Graft.Tensors;

/// <summary>A format whose codes are integers, which products with few rows multiply as such.</summary>
/// <typeparam name="TLayout">The layout.</typeparam>
internal sealed unsafe class IntegerBlockFormat<TLayout>(string name) : BlockFormat<TLayout>(name)
    where TLayout : struct, IIntegerBlockFormat
{
    /// <inheritdoc/>
    internal override delegate*<in SmallProduct, int, int, void> IntegerProduct => &IntegerRowProduct<TLayout>.Compute;
}
