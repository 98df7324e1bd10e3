using Graft.Tensors.Kernels;

namespace Graft.Tensors;

public static unsafe partial class Op
{
    /// <summary>A linear layer with quantised inputs and integer products (Dettmers et al. 2022, "LLM.int8()").</summary>
    /// <remarks>
    /// Columns of x with an element of at least <see cref="Int8Matrix.Threshold"/> are multiplied in fp32 with decoded weights, the
    /// rest as 8-bit codes with a scale a token. Such columns are found for each sequence by itself, so that a batch computes what
    /// its sequences would alone. Backward: <c>dx = dy W</c> with decoded weights. Arithmetic and its order are bitsandbytes' on a
    /// CPU, in evaluation mode.
    /// </remarks>
    /// <param name="tape">The tape.</param>
    /// <param name="x">[tokens, in].</param>
    /// <param name="weight">[out, in].</param>
    /// <param name="matrix">The weight's storage.</param>
    /// <param name="bias">[out]; null for none.</param>
    /// <returns>[tokens, out].</returns>
    private static Tensor Int8Linear(Tape tape, Tensor x, Parameter weight, Int8Matrix matrix, Parameter? bias)
    {
        using OpProfile.Span span = OpProfile.Measure("frozen linear");
        RequireFeatures(x, weight, matrix.Columns);
        Tensor y = tape.NewTensor(x.Rows, matrix.Rows, x.Sequences, x.RequiresGrad || (bias?.WantsGradient ?? false));

        // Codes, their scales and the bias share one temporary tensor.
        int columns = matrix.Columns;
        int codesLength = (columns + sizeof(float) - 1) / sizeof(float);
        Tensor codes = tape.NewTensor(x.Rows, codesLength + 1, x.Sequences, requiresGrad: false);
        float* scales = codes.Data + ((long)x.Rows * codesLength);
        ReadOnlySpan<int> offsets = x.Sequences.Offsets;
        var outliers = new int[offsets.Length - 1][];
        for (int s = 0; s < outliers.Length; s++)
        {
            long first = (long)offsets[s] * columns;
            outliers[s] = Int8Quantizer.Quantize(
                x.Data + first, offsets[s + 1] - offsets[s], columns, matrix.Threshold, (sbyte*)codes.Data + first, scales + offsets[s]);
        }

        Gemm.MultiplyTransposedInt8(x.Rows, (sbyte*)codes.Data, scales, matrix, BiasValues(bias), y.Data);
        tape.Release(codes);
        for (int s = 0; s < outliers.Length; s++)
        {
            if (outliers[s].Length > 0)
            {
                AddOutliers(tape, x, offsets[s], offsets[s + 1] - offsets[s], matrix, outliers[s], y);
            }
        }

        if (y.RequiresGrad && tape.Recording)
        {
            FrozenLinearNode node = tape.Record<FrozenLinearNode>(y);
            (node.X, node.Weight, node.Bias, node.ComputeDType) = (x, weight, bias, DType.Float32);
        }

        return y;
    }

    /// <summary>Adds the product of the columns with outliers: both factors are gathered, then multiplied as usual.</summary>
    private static void AddOutliers(Tape tape, Tensor x, int firstRow, int rows, Int8Matrix matrix, int[] outliers, Tensor y)
    {
        Tensor inputs = tape.NewTensor(rows, outliers.Length, x.Sequences, requiresGrad: false);
        Tensor weights = tape.NewTensor(matrix.Rows, outliers.Length, x.Sequences, requiresGrad: false);
        for (int i = 0; i < outliers.Length; i++)
        {
            for (int row = 0; row < rows; row++)
            {
                inputs.Data[((long)row * outliers.Length) + i] = x.Data[((long)(firstRow + row) * x.Columns) + outliers[i]];
            }
        }

        for (int row = 0; row < matrix.Rows; row++)
        {
            float* target = weights.Data + ((long)row * outliers.Length);
            sbyte* codes = matrix.Codes + ((long)row * matrix.Columns);
            for (int i = 0; i < outliers.Length; i++)
            {
                target[i] = codes[outliers[i]] * matrix.Scales[row] * Int8Matrix.StepsReciprocal;
            }
        }

        var view = new WeightView(weights.Data, matrix.Rows, outliers.Length);
        Gemm.MultiplyTransposed(rows, inputs.Data, outliers.Length, view, y.Data + ((long)firstRow * y.Columns), y.Columns, accumulate: true);
        tape.Release(inputs);
        tape.Release(weights);
    }

    /// <summary>A bias in fp32, valid until the next op; null for none.</summary>
    private static float* BiasValues(Parameter? bias)
    {
        if (bias is null)
        {
            return null;
        }

        float* values = Memory.ThreadScratch.GetSingles(0, bias.Count);
        bias.CopyTo(values);
        return values;
    }

    private static void RequireFeatures(Tensor x, Parameter weight, int features)
    {
        if (x.Columns != features)
        {
            throw new ArgumentException($"{weight.Name}: the input has {x.Columns} features, the weight takes {features}");
        }
    }
}
