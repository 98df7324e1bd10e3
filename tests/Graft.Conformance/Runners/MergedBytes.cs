using Graft.Formats;
using Graft.Tensors;
using Graft.Tensors.Kernels;

namespace Graft.Conformance.Runners;

/// <summary>
/// Compares a merged weight with the bytes that a case expects: codes may differ by one step in one of 200 places, and the codes
/// of scales by one step, since the reference's are those of the library's CPU kernel and ours the nearest ones.
/// </summary>
internal static unsafe class MergedBytes
{
    private const double MayDiffer = 0.005;

    /// <summary>Compares, and returns the weight that the case's bytes make.</summary>
    public static Parameter Compare(SafetensorsFile expected, string name, Parameter weight)
    {
        switch (weight.Quantized)
        {
            case FourBitMatrix matrix:
                int[] order = [.. Enumerable.Range(0, 16).OrderBy(code => CodeTables.Of(matrix.Type)[code])];
                int[] Ranks(ReadOnlySpan<byte> bytes) => [.. bytes.ToArray().SelectMany(pair => new[] { Array.IndexOf(order, pair >> 4), Array.IndexOf(order, pair & 15) })];
                Close($"{name}.weight", Ranks(CaseTensors.Bytes(expected, $"{name}.weight")), Ranks(new ReadOnlySpan<byte>(matrix.Packed, (int)matrix.PackedLength)), MayDiffer);
                BlockScales scales = Scales(expected, $"{name}.weight", matrix.Scales);
                return new Parameter(weight.Name, weight.Shape, new FourBitMatrix(
                    matrix.Rows, matrix.Columns, matrix.Type, matrix.BlockSize, matrix.ValueDType, CaseTensors.Entry(expected, $"{name}.weight").Data, scales, expected) { ComputeDType = matrix.ComputeDType });
            case Int8Matrix matrix:
                int[] codes = [.. CaseTensors.SignedBytes(expected, $"{name}.weight").Select(code => (int)code)];
                Close($"{name}.weight", codes, [.. new ReadOnlySpan<sbyte>(matrix.Codes, codes.Length).ToArray().Select(code => (int)code)], MayDiffer);
                Near($"{name}.SCB", CaseTensors.Singles(expected, $"{name}.SCB"), new ReadOnlySpan<float>(matrix.Scales, matrix.Rows).ToArray(), 1e-3f);
                return new Parameter(weight.Name, weight.Shape, new Int8Matrix(
                    matrix.Rows, matrix.Columns, (sbyte*)CaseTensors.Entry(expected, $"{name}.weight").Data, (float*)CaseTensors.Entry(expected, $"{name}.SCB").Data, expected) { Threshold = matrix.Threshold });
            default:
                throw new MismatchException($"{name}: not quantised after merging");
        }
    }

    private static BlockScales Scales(SafetensorsFile expected, string name, BlockScales scales)
    {
        if (!scales.IsNested)
        {
            Near($"{name}.absmax", CaseTensors.Singles(expected, $"{name}.absmax"), new ReadOnlySpan<float>(scales.Values, (int)scales.Count).ToArray(), 1e-5f);
            return new BlockScales((float*)CaseTensors.Entry(expected, $"{name}.absmax").Data, scales.Count, expected);
        }

        int[] codes = [.. CaseTensors.Bytes(expected, $"{name}.absmax").Select(code => (int)code)];
        Close($"{name}.absmax", codes, [.. new ReadOnlySpan<byte>(scales.Codes, codes.Length).ToArray().Select(code => (int)code)], 1);
        Near($"{name}.nested_absmax", CaseTensors.Singles(expected, $"{name}.nested_absmax"), new ReadOnlySpan<float>(scales.NestedValues, (int)scales.NestedCount).ToArray(), 1e-5f);
        float offset = CaseTensors.Singles(expected, $"{name}.nested_offset")[0];
        Near($"{name}.nested_offset", [offset], [scales.Offset], 1e-6f);
        return new BlockScales(
            CaseTensors.Entry(expected, $"{name}.absmax").Data, scales.Count, (float*)CaseTensors.Entry(expected, $"{name}.nested_absmax").Data, scales.Map.ToArray(), offset, expected);
    }

    private static void Close(string what, int[] expected, int[] actual, double mayDiffer)
    {
        int differing = 0;
        for (int i = 0; i < expected.Length; i++)
        {
            int distance = Math.Abs(expected[i] - actual[i]);
            differing += distance > 0 ? 1 : 0;
            if (distance > 1)
            {
                throw new MismatchException($"{what}[{i}]: expected code {expected[i]}, got {actual[i]}");
            }
        }

        if (differing > mayDiffer * expected.Length)
        {
            throw new MismatchException($"{what}: {differing} of {expected.Length} codes differ");
        }
    }

    private static void Near(string what, float[] expected, float[] actual, float relative)
    {
        for (int i = 0; i < expected.Length; i++)
        {
            if (!(MathF.Abs(expected[i] - actual[i]) <= relative * MathF.Abs(expected[i])))
            {
                throw new MismatchException($"{what}[{i}]: expected {expected[i]:R}, got {actual[i]:R}");
            }
        }
    }
}
