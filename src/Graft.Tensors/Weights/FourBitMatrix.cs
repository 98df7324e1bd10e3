using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Graft.Tensors.Kernels;

namespace Graft.Tensors;

/// <summary>A weight in 4 bits as bitsandbytes stores it: two codes a byte, a scale for each block of consecutive elements.</summary>
/// <remarks>
/// Blocks run over the flattened matrix, across the ends of rows; the last one may be short. An element is its code's value times
/// the block's scale in fp32, then rounded once to <see cref="ValueDType"/>. Of a byte, the upper half is the earlier element.
/// </remarks>
public sealed unsafe class FourBitMatrix : QuantizedMatrix
{
    private readonly byte* _packed;
    private readonly object? _owner;
    private readonly float[] _table;
    private readonly int _blockShift;

    /// <summary>Wraps codes that lie elsewhere.</summary>
    /// <param name="rows">Number of rows.</param>
    /// <param name="columns">Number of columns.</param>
    /// <param name="type">What the codes stand for.</param>
    /// <param name="blockSize">Elements of a block: a multiple of 32.</param>
    /// <param name="valueDType">fp32, bf16 or fp16: what decoded values are rounded to.</param>
    /// <param name="packed">The codes, half a byte each, rounded up.</param>
    /// <param name="scales">A scale for each block.</param>
    /// <param name="owner">Keeps the codes alive.</param>
    /// <exception cref="ArgumentException">The sizes do not fit together.</exception>
    public FourBitMatrix(int rows, int columns, FourBitType type, int blockSize, DType valueDType, byte* packed, BlockScales scales, object? owner)
        : base(rows, columns)
    {
        ArgumentNullException.ThrowIfNull(scales);
        CheckBlockSize(blockSize);
        if (!valueDType.IsWeightType())
        {
            throw new ArgumentException($"4-bit weights decode to fp32, bf16 or fp16, not to {valueDType}", nameof(valueDType));
        }

        long blocks = (((long)rows * columns) + blockSize - 1) / blockSize;
        if (scales.Count != blocks)
        {
            throw new ArgumentException($"{rows} x {columns} elements in blocks of {blockSize} take {blocks} scales, not {scales.Count}", nameof(scales));
        }

        Type = type;
        BlockSize = blockSize;
        _blockShift = System.Numerics.BitOperations.Log2((uint)blockSize);
        ValueDType = valueDType;
        Scales = scales;
        _packed = packed;
        _owner = owner;
        _table = [.. CodeTables.Of(type)];
    }

    /// <inheritdoc/>
    public override string Format => Type == FourBitType.NF4 ? "nf4" : "fp4";

    /// <inheritdoc/>
    public override DType CodeDType => DType.UInt8;

    /// <inheritdoc/>
    public override long ByteLength => PackedLength + Scales.ByteLength;

    /// <summary>What the codes stand for.</summary>
    public FourBitType Type { get; }

    /// <summary>Elements of a block.</summary>
    public int BlockSize { get; }

    /// <summary>What decoded values are rounded to: the type that the weight had before.</summary>
    public DType ValueDType { get; }

    /// <summary>What <see cref="Op.QuantizedLinear"/> computes in: input, decoded weight and output are rounded to it.</summary>
    public DType ComputeDType { get; init; } = DType.Float32;

    /// <summary>The scales.</summary>
    public BlockScales Scales { get; }

    /// <summary>The codes.</summary>
    public byte* Packed => _packed;

    /// <summary>Bytes at <see cref="Packed"/>.</summary>
    public long PackedLength => (((long)Rows * Columns) + 1) / 2;

    /// <summary>Refuses block sizes that bitsandbytes does not have.</summary>
    /// <param name="blockSize">Elements of a block.</param>
    /// <exception cref="ArgumentException">It is not a power of two from 32 to 4096.</exception>
    public static void CheckBlockSize(int blockSize)
    {
        if (blockSize is < 32 or > 4096 || !System.Numerics.BitOperations.IsPow2(blockSize))
        {
            throw new ArgumentException($"blocks of 4-bit weights have 32, 64, 128, 256, 512, 1024, 2048 or 4096 elements, not {blockSize}", nameof(blockSize));
        }
    }

    /// <summary>Consecutive elements of the flattened matrix, whatever <see cref="ComputeDType"/> is.</summary>
    /// <param name="index">First element.</param>
    /// <param name="count">How many.</param>
    /// <param name="destination">Receives them.</param>
    public void Dequantize(long index, int count, float* destination)
    {
        fixed (float* table = _table)
        {
            DecodeRun(InstructionSet.Current >= Isa.Avx2, index, count, destination, table, DType.Float32);
        }

        GC.KeepAlive(_owner);
    }

    /// <summary>A code's value times its scale becomes an element.</summary>
    /// <param name="scaled">Eight products.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal Vector256<float> Rounded(Vector256<float> scaled) => RoundedTo.Apply(RoundedTo.Apply(scaled, ValueDType), ComputeDType);

    internal override byte* Address(long row, int column) => _packed + (((row * Columns) + column) / 2);

    internal override void Decode(bool vectors, long row, int column, int count, float* destination)
    {
        fixed (float* table = _table)
        {
            DecodeRun(vectors, (row * Columns) + column, count, destination, table, ComputeDType);
        }

        GC.KeepAlive(_owner);
    }

    internal override void DecodeRows(bool vectors, long row, int rows, int column, int count, float* destination, nint step)
    {
        fixed (float* table = _table)
        {
            for (long index = (row * Columns) + column; rows > 0; rows--, index += Columns, destination += step)
            {
                DecodeRun(vectors, index, count, destination, table, ComputeDType);
            }
        }

        GC.KeepAlive(_owner);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void DecodeRun(bool vectors, long index, int count, float* destination, float* table, DType computeDType)
    {
        while (count > 0)
        {
            long block = index >> _blockShift;
            int length = (int)Math.Min(count, ((block + 1) * BlockSize) - index);
            if (vectors)
            {
                FourBitDecoder.DecodeAvx2(_packed, index, length, table, Scales[block], ValueDType, computeDType, destination);
            }
            else
            {
                FourBitDecoder.DecodeScalar(_packed, index, length, table, Scales[block], ValueDType, computeDType, destination);
            }

            index += length;
            destination += length;
            count -= length;
        }
    }
}
