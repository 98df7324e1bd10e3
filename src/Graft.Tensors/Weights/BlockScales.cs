using System.Runtime.CompilerServices;

namespace Graft.Tensors;

/// <summary>The largest magnitude of each block of a 4-bit weight: as numbers, or quantised to 8 bits themselves (double quantisation).</summary>
/// <remarks>Quantised, a scale is <c>map[code] * nested maximum + offset</c> with two roundings, as bitsandbytes restores it.</remarks>
public sealed unsafe class BlockScales
{
    /// <summary>Scales that share one maximum of their own.</summary>
    public const int NestedBlockSize = 256;

    private readonly float* _values;
    private readonly byte* _codes;
    private readonly float* _nestedValues;
    private readonly float[] _map;
    private readonly object? _owner;

    /// <summary>Scales as they are.</summary>
    /// <param name="values">One for each block.</param>
    /// <param name="count">Number of blocks.</param>
    /// <param name="owner">Keeps the memory alive.</param>
    public BlockScales(float* values, long count, object? owner)
    {
        _values = values;
        _map = [];
        _owner = owner;
        Count = count;
    }

    /// <summary>Quantised scales.</summary>
    /// <param name="codes">One for each block.</param>
    /// <param name="count">Number of blocks.</param>
    /// <param name="nestedValues">One for each <see cref="NestedBlockSize"/> codes.</param>
    /// <param name="map">What the 256 codes stand for.</param>
    /// <param name="offset">Added to every scale.</param>
    /// <param name="owner">Keeps the memory alive.</param>
    public BlockScales(byte* codes, long count, float* nestedValues, float[] map, float offset, object? owner)
    {
        _codes = codes;
        _nestedValues = nestedValues;
        _map = map;
        _owner = owner;
        Count = count;
        Offset = offset;
    }

    /// <summary>Number of blocks.</summary>
    public long Count { get; }

    /// <summary>Whether the scales are quantised.</summary>
    public bool IsNested => _codes != null;

    /// <summary>Number of nested maxima; 0 when the scales are not quantised.</summary>
    public long NestedCount => IsNested ? (Count + NestedBlockSize - 1) / NestedBlockSize : 0;

    /// <summary>The scales; null when they are quantised.</summary>
    public float* Values => _values;

    /// <summary>The codes of quantised scales, or null.</summary>
    public byte* Codes => _codes;

    /// <summary>The maxima that the codes are fractions of, or null.</summary>
    public float* NestedValues => _nestedValues;

    /// <summary>What codes stand for; empty when the scales are not quantised.</summary>
    public ReadOnlySpan<float> Map => _map;

    /// <summary>Added to every quantised scale.</summary>
    public float Offset { get; }

    /// <summary>Bytes that all of it takes, without the map.</summary>
    public long ByteLength => IsNested ? Count + ((NestedCount + 1) * sizeof(float)) : Count * sizeof(float);

    /// <summary>The scale of a block.</summary>
    /// <param name="block">Index of the block.</param>
    public float this[long block]
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => _codes == null ? _values[block] : (_map[_codes[block]] * _nestedValues[block / NestedBlockSize]) + Offset;
    }

    /// <summary>Keeps the memory alive for as long as it is held.</summary>
    internal object? Owner => _owner;
}
