using Graft.Tensors;

namespace Graft.Formats;

/// <summary>LLM.int8() weights as bitsandbytes saves them: <c>weight</c> as signed bytes [out, in], <c>SCB</c> [out], and <c>weight_format</c> 0 ("row").</summary>
public static unsafe class Int8Checkpoint
{
    private const string Scales = "SCB";
    private const string Format = "weight_format";

    /// <summary>Names of the tensors that belong to a weight besides its own.</summary>
    /// <param name="module">The module's name.</param>
    public static IEnumerable<string> Companions(string module) => [$"{module}.{Scales}", $"{module}.{Format}"];

    /// <summary>Whether the module has an 8-bit weight.</summary>
    /// <param name="tensors">All tensors of the checkpoint.</param>
    /// <param name="module">The module's name.</param>
    public static bool Contains(IReadOnlyDictionary<string, TensorEntry> tensors, string module)
    {
        ArgumentNullException.ThrowIfNull(tensors);
        return tensors.ContainsKey($"{module}.{Scales}");
    }

    /// <summary>Reads a weight where it lies; its sizes and numbers are checked.</summary>
    /// <param name="tensors">All tensors of the checkpoint.</param>
    /// <param name="module">The module's name.</param>
    /// <param name="owner">Keeps the tensors' memory alive.</param>
    /// <param name="threshold">Magnitude from which an input counts as an outlier.</param>
    /// <exception cref="InvalidDataException">The tensors do not make a weight; the message says which and why.</exception>
    public static Int8Matrix Read(IReadOnlyDictionary<string, TensorEntry> tensors, string module, object owner, float threshold)
    {
        ArgumentNullException.ThrowIfNull(tensors);
        TensorEntry weight = Find(tensors, module, "weight");
        TensorEntry scales = Find(tensors, module, Scales);
        if (weight.DType != DType.Int8 || weight.Shape.Count != 2 || weight.Shape.Any(size => size is < 1 or > int.MaxValue))
        {
            throw Invalid(weight, $"an 8-bit weight is a matrix of Int8, but this is {weight.DType} [{string.Join(", ", weight.Shape)}]");
        }

        if (scales.DType != DType.Float32 || scales.ElementCount != weight.Shape[0])
        {
            throw Invalid(scales, $"{weight.Shape[0]} elements of Float32 are expected, one a row, found {scales.ElementCount} of {scales.DType}");
        }

        foreach (float scale in scales.ToSingles())
        {
            if (!float.IsFinite(scale))
            {
                throw Invalid(scales, $"a scale is {scale}");
            }
        }

        if (tensors.TryGetValue($"{module}.{Format}", out TensorEntry? format) && (format.ElementCount != 1 || format.ToSingles()[0] != 0))
        {
            throw Invalid(format, "the codes are laid out for a GPU (format 1, 2 or 3); only row order (0) is read. Save the model again with bitsandbytes 0.43 or later");
        }

        return new Int8Matrix((int)weight.Shape[0], (int)weight.Shape[1], (sbyte*)weight.Data, (float*)scales.Data, owner) { Threshold = threshold };
    }

    /// <summary>The tensors of a weight.</summary>
    /// <param name="module">The module's name.</param>
    /// <param name="matrix">The weight; stays in memory until the tensors are written.</param>
    public static IReadOnlyList<TensorSource> Write(string module, Int8Matrix matrix)
    {
        ArgumentNullException.ThrowIfNull(matrix);
        return
        [
            TensorSource.FromPointer($"{module}.weight", DType.Int8, [matrix.Rows, matrix.Columns], (byte*)matrix.Codes),
            TensorSource.FromPointer($"{module}.{Scales}", DType.Float32, [matrix.Rows], (byte*)matrix.Scales),
            TensorSource.FromBytes($"{module}.{Format}", DType.UInt8, [], new byte[1]),
        ];
    }

    private static TensorEntry Find(IReadOnlyDictionary<string, TensorEntry> tensors, string module, string name)
        => tensors.TryGetValue($"{module}.{name}", out TensorEntry? entry)
            ? entry
            : throw new InvalidDataException($"the 8-bit module '{module}' lacks the tensor '{module}.{name}': the checkpoint is incomplete.");

    private static InvalidDataException Invalid(TensorEntry entry, string what) => new($"'{entry.FilePath}', tensor '{entry.Name}': {what}.");
}
