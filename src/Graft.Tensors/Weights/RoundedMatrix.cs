using Graft.Tensors.Kernels;

namespace Graft.Tensors;

/// <summary>A weight of another format as products in bf16 take it: every element rounded while it is decoded, no copy is kept.</summary>
/// <param name="weight">The weight; where its values lie may change.</param>
internal sealed unsafe class RoundedMatrix(Parameter weight) : QuantizedMatrix(weight.View.Rows, weight.View.Columns)
{
    /// <inheritdoc/>
    public override string Format => "rounded to bf16";

    /// <inheritdoc/>
    public override DType CodeDType => weight.DType;

    /// <inheritdoc/>
    public override long ByteLength => weight.Quantized?.ByteLength ?? (weight.Count * weight.DType.SizeInBytes());

    internal override byte* Address(long row, int column)
        => weight.Quantized is { } quantized ? quantized.Address(row, column) : (byte*)weight.Data + (((row * Columns) + column) * weight.DType.SizeInBytes());

    internal override void Decode(bool vectors, long row, int column, int count, float* destination)
    {
        WeightDecoder.Decode(weight.View, (row * Columns) + column, count, destination);
        RoundedTo.ApplyHere(destination, count, DType.BFloat16);
    }
}
