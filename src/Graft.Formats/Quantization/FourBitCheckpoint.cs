using System.Text;
using Graft.Tensors;
using Graft.Tensors.Kernels;

namespace Graft.Formats;

/// <summary>4-bit weights as bitsandbytes saves them: a handful of tensors each, whose names begin with the weight's.</summary>
/// <remarks>
/// <c>w</c> [(n + 1) / 2, 1] holds the codes; <c>w.absmax</c> the scales, as fp32 or, quantised, as bytes; then also
/// <c>w.nested_absmax</c> and <c>w.nested_quant_map</c>; <c>w.quant_map</c> the 16 values; <c>w.quant_state.bitsandbytes__nf4</c>
/// a description (<see cref="FourBitState"/>).
/// </remarks>
public static unsafe class FourBitCheckpoint
{
    private const string AbsMax = ".absmax";
    private const string QuantMap = ".quant_map";
    private const string NestedAbsMax = ".nested_absmax";
    private const string NestedQuantMap = ".nested_quant_map";

    /// <summary>Whether there is a 4-bit weight of that name.</summary>
    /// <param name="tensors">All tensors of the checkpoint.</param>
    /// <param name="name">The weight's name.</param>
    public static bool Contains(IReadOnlyDictionary<string, TensorEntry> tensors, string name)
    {
        ArgumentNullException.ThrowIfNull(tensors);
        return tensors.ContainsKey(name + FourBitState.KeySuffix(FourBitType.NF4)) || tensors.ContainsKey(name + FourBitState.KeySuffix(FourBitType.FP4));
    }

    /// <summary>Names of the tensors that belong to a 4-bit weight besides its own.</summary>
    /// <param name="name">The weight's name.</param>
    public static IEnumerable<string> Companions(string name)
        => [name + AbsMax, name + QuantMap, name + NestedAbsMax, name + NestedQuantMap, name + FourBitState.KeySuffix(FourBitType.NF4), name + FourBitState.KeySuffix(FourBitType.FP4)];

    /// <summary>Reads a weight where it lies; its sizes and numbers are checked.</summary>
    /// <param name="tensors">All tensors of the checkpoint.</param>
    /// <param name="name">The weight's name.</param>
    /// <param name="owner">Keeps the tensors' memory alive.</param>
    /// <param name="computeDType">What products with it are computed in.</param>
    /// <exception cref="InvalidDataException">The tensors do not make a weight; the message says which and why.</exception>
    public static FourBitMatrix Read(IReadOnlyDictionary<string, TensorEntry> tensors, string name, object owner, DType computeDType = DType.Float32)
    {
        ArgumentNullException.ThrowIfNull(tensors);
        TensorEntry packed = Find(tensors, name, string.Empty);
        FourBitState state = FourBitState.Read(
            tensors.GetValueOrDefault(name + FourBitState.KeySuffix(FourBitType.NF4)) ?? Find(tensors, name, FourBitState.KeySuffix(FourBitType.FP4)));
        if (state.Shape.Count == 0 || state.Shape.Contains(0) || !TensorShape.TryCount([.. state.Shape.Select(size => (long)size)], out long count))
        {
            throw Invalid(packed, $"its shape is given as [{string.Join(", ", state.Shape)}]");
        }

        if (packed.ByteLength != (count + 1) / 2)
        {
            throw Invalid(packed, $"a 4-bit weight of shape [{string.Join(", ", state.Shape)}] takes {(count + 1) / 2} bytes, but there are {packed.ByteLength}");
        }

        CheckMap(Find(tensors, name, QuantMap), CodeTables.Of(state.Type));
        (int rows, long columns) = state.Shape.Count == 1 ? (1, count) : (state.Shape[0], count / state.Shape[0]);
        try
        {
            FourBitMatrix.CheckBlockSize(state.BlockSize);
            long blocks = (count + state.BlockSize - 1) / state.BlockSize;
            BlockScales scales = state.NestedOffset is float offset ? NestedScales(tensors, name, blocks, offset, owner) : PlainScales(tensors, name, blocks, owner);
            return new FourBitMatrix(rows, checked((int)columns), state.Type, state.BlockSize, state.DType, packed.Data, scales, owner) { ComputeDType = computeDType };
        }
        catch (ArgumentException e)
        {
            throw Invalid(packed, e.Message);
        }
    }

    /// <summary>The tensors of a weight, in bitsandbytes' order.</summary>
    /// <param name="name">The weight's name.</param>
    /// <param name="matrix">The weight; stays in memory until the tensors are written.</param>
    /// <param name="storage">What the codes' bytes are presented as (<c>bnb_4bit_quant_storage</c>).</param>
    /// <param name="shape">The weight's shape where it is not that of a matrix.</param>
    public static IReadOnlyList<TensorSource> Write(string name, FourBitMatrix matrix, DType storage = DType.UInt8, IReadOnlyList<int>? shape = null)
    {
        ArgumentNullException.ThrowIfNull(matrix);
        BlockScales scales = matrix.Scales;
        if (matrix.PackedLength % storage.SizeInBytes() != 0)
        {
            throw new ArgumentException($"'{name}' has {matrix.PackedLength} bytes of codes, which cannot be presented as {storage}; choose uint8 as bnb_4bit_quant_storage", nameof(storage));
        }

        var state = new FourBitState(matrix.Type, matrix.BlockSize, matrix.ValueDType, shape ?? [matrix.Rows, matrix.Columns], scales.IsNested ? scales.Offset : null);
        byte[] text = Encoding.UTF8.GetBytes(state.ToJson());
        var tensors = new List<TensorSource>
        {
            TensorSource.FromPointer(name, storage, [matrix.PackedLength / storage.SizeInBytes(), 1], matrix.Packed),
            scales.IsNested
                ? TensorSource.FromPointer(name + AbsMax, DType.UInt8, [scales.Count], scales.Codes)
                : TensorSource.FromPointer(name + AbsMax, DType.Float32, [scales.Count], (byte*)scales.Values),
            TensorSource.FromSingles(name + QuantMap, [CodeTables.Of(matrix.Type).Length], CodeTables.Of(matrix.Type).ToArray()),
        };
        if (scales.IsNested)
        {
            tensors.Add(TensorSource.FromPointer(name + NestedAbsMax, DType.Float32, [scales.NestedCount], (byte*)scales.NestedValues));
            tensors.Add(TensorSource.FromSingles(name + NestedQuantMap, [scales.Map.Length], scales.Map.ToArray()));
        }

        tensors.Add(TensorSource.FromBytes(name + FourBitState.KeySuffix(matrix.Type), DType.UInt8, [text.Length], text));
        return tensors;
    }

    private static BlockScales PlainScales(IReadOnlyDictionary<string, TensorEntry> tensors, string name, long blocks, object owner)
    {
        TensorEntry absMax = Require(Find(tensors, name, AbsMax), DType.Float32, blocks);
        RequireFinite(absMax);
        return new BlockScales((float*)absMax.Data, blocks, owner);
    }

    private static BlockScales NestedScales(IReadOnlyDictionary<string, TensorEntry> tensors, string name, long blocks, float offset, object owner)
    {
        TensorEntry codes = Require(Find(tensors, name, AbsMax), DType.UInt8, blocks);
        TensorEntry nested = Require(Find(tensors, name, NestedAbsMax), DType.Float32, (blocks + BlockScales.NestedBlockSize - 1) / BlockScales.NestedBlockSize);
        TensorEntry map = Require(Find(tensors, name, NestedQuantMap), DType.Float32, CodeTables.Count);
        RequireFinite(nested);
        RequireFinite(map);
        return new BlockScales(codes.Data, blocks, (float*)nested.Data, map.ToSingles(), offset, owner);
    }

    private static void CheckMap(TensorEntry map, ReadOnlySpan<float> expected)
    {
        Require(map, DType.Float32, expected.Length);
        if (!map.ToSingles().AsSpan().SequenceEqual(expected))
        {
            throw Invalid(map, "its 16 values are not those of the type that the weight's description names");
        }
    }

    private static TensorEntry Require(TensorEntry entry, DType dtype, long count)
        => entry.DType == dtype && entry.ElementCount == count
            ? entry
            : throw Invalid(entry, $"{count} elements of {dtype} are expected, found {entry.ElementCount} of {entry.DType}");

    private static void RequireFinite(TensorEntry entry)
    {
        var values = (float*)entry.Data;
        for (long i = 0; i < entry.ElementCount; i++)
        {
            if (!float.IsFinite(values[i]))
            {
                throw Invalid(entry, $"element {i} is {values[i]}");
            }
        }
    }

    private static TensorEntry Find(IReadOnlyDictionary<string, TensorEntry> tensors, string name, string suffix)
        => tensors.TryGetValue(name + suffix, out TensorEntry? entry)
            ? entry
            : throw new InvalidDataException($"the 4-bit weight '{name}' lacks the tensor '{name}{suffix}': the checkpoint is incomplete.");

    private static InvalidDataException Invalid(TensorEntry entry, string what) => new($"'{entry.FilePath}', tensor '{entry.Name}': {what}.");
}
