namespace Graft.Tensors;

public static unsafe partial class Op
{
    /// <summary><see cref="Linear"/> with the arithmetic that belongs to the weight's format.</summary>
    /// <remarks>
    /// LLM.int8() weights quantise the input too outside training (<see cref="Int8Linear"/>); 4-bit weights may compute in a 16-bit
    /// type (<see cref="RoundedLinear"/>). Everything else is the plain product with decoded values.
    /// </remarks>
    /// <param name="tape">The tape.</param>
    /// <param name="x">[tokens, in].</param>
    /// <param name="weight">[out, in].</param>
    /// <param name="bias">[out]; null for none.</param>
    /// <param name="training">Whether the model is in training mode.</param>
    /// <returns>[tokens, out].</returns>
    public static Tensor QuantizedLinear(Tape tape, Tensor x, Parameter weight, Parameter? bias, bool training) => weight.Quantized switch
    {
        Int8Matrix matrix when !training => Int8Linear(tape, x, weight, matrix, bias),
        FourBitMatrix { ComputeDType: not DType.Float32 } matrix => RoundedLinear(tape, x, weight, bias, matrix.ComputeDType),
        _ => Linear(tape, x, weight, bias),
    };
}
