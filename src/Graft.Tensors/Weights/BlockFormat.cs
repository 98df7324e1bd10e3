using Graft.Tensors.Kernels;

namespace Graft.Tensors;

/// <summary>A format of ggml whose rows are whole blocks: some elements with what scales them, next to each other.</summary>
/// <remarks>
/// Layouts: https://github.com/ggml-org/ggml (ggml-common.h, ggml-quants.c). All of them decode; those that need no search encode
/// too, with the bytes of the <c>gguf</c> Python package.
/// </remarks>
public abstract unsafe class BlockFormat
{
    private static readonly Dictionary<string, BlockFormat> ByName = new BlockFormat[]
    {
        new IntegerBlockFormat<Q4_0>("Q4_0"), new IntegerBlockFormat<Q4_1>("Q4_1"), new IntegerBlockFormat<Q5_0>("Q5_0"), new IntegerBlockFormat<Q5_1>("Q5_1"),
        new IntegerBlockFormat<Q8_0>("Q8_0"), new BlockFormat<Q8_1>("Q8_1"),
        new BlockFormat<Q2_K>("Q2_K"), new BlockFormat<Q3_K>("Q3_K"), new IntegerBlockFormat<Q4_K>("Q4_K"), new IntegerBlockFormat<Q5_K>("Q5_K"),
        new IntegerBlockFormat<Q6_K>("Q6_K"), new BlockFormat<Q8_K>("Q8_K"),
        new BlockFormat<IQ1_S>("IQ1_S"), new BlockFormat<IQ1_M>("IQ1_M"), new BlockFormat<IQ2_XXS>("IQ2_XXS"), new BlockFormat<IQ2_XS>("IQ2_XS"),
        new BlockFormat<IQ2_S>("IQ2_S"), new BlockFormat<IQ3_XXS>("IQ3_XXS"), new BlockFormat<IQ3_S>("IQ3_S"),
        new BlockFormat<IQ4_NL>("IQ4_NL"), new BlockFormat<IQ4_XS>("IQ4_XS"),
        new BlockFormat<TQ1_0>("TQ1_0"), new BlockFormat<TQ2_0>("TQ2_0"), new BlockFormat<MXFP4>("MXFP4"), new BlockFormat<NVFP4>("NVFP4"),
    }.ToDictionary(format => format.Name, StringComparer.Ordinal);

    private protected BlockFormat(string name) => Name = name;

    /// <summary>All formats, by their names in ggml.</summary>
    public static IReadOnlyCollection<BlockFormat> All => ByName.Values;

    /// <summary>The format's name in ggml, such as <c>Q4_K</c>.</summary>
    public string Name { get; }

    /// <summary>Elements of a block.</summary>
    public abstract int BlockElements { get; }

    /// <summary>Bytes of a block.</summary>
    public abstract int BlockBytes { get; }

    /// <summary>Whether <see cref="Encode"/> works.</summary>
    public abstract bool CanEncode { get; }

    /// <summary>Finds a format.</summary>
    /// <param name="name">Its name in ggml.</param>
    /// <returns>The format, or null.</returns>
    public static BlockFormat? Find(string name) => ByName.GetValueOrDefault(name);

    /// <summary>Encodes whole blocks.</summary>
    /// <param name="source">The elements, finite.</param>
    /// <param name="blocks">Number of blocks.</param>
    /// <param name="destination">Receives <see cref="BlockBytes"/> for each.</param>
    /// <exception cref="NotSupportedException">The format needs a search for good scales, which Graft does not do.</exception>
    public abstract void Encode(float* source, long blocks, byte* destination);

    /// <summary>A few columns of consecutive rows.</summary>
    /// <param name="vectors">Whether to use AVX2; the bits are the same.</param>
    /// <param name="matrix">The matrix.</param>
    /// <param name="row">First row.</param>
    /// <param name="rows">Rows.</param>
    /// <param name="column">First column.</param>
    /// <param name="count">Columns.</param>
    /// <param name="destination">Where to write them.</param>
    /// <param name="step">Elements from one row to the next in <paramref name="destination"/>.</param>
    internal abstract void DecodeRows(bool vectors, BlockMatrix matrix, long row, int rows, int column, int count, float* destination, nint step);

    /// <summary>The product with few rows that multiplies the codes as integers, or null where they are none.</summary>
    internal virtual delegate*<in SmallProduct, int, int, void> IntegerProduct => null;
}
