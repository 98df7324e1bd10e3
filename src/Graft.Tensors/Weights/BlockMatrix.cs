namespace Graft.Tensors;

/// <summary>A matrix whose rows are blocks of one of ggml's formats, usually in the memory map of a GGUF file.</summary>
public sealed unsafe class BlockMatrix : QuantizedMatrix
{
    private readonly byte* _data;
    private readonly long _rowBytes;
    private readonly int[]? _storedRows;
    private readonly object? _owner;

    /// <summary>Wraps blocks that lie elsewhere.</summary>
    /// <param name="format">The format.</param>
    /// <param name="rows">Number of rows.</param>
    /// <param name="columns">Number of columns: whole blocks.</param>
    /// <param name="data">The blocks, row by row.</param>
    /// <param name="owner">Keeps them alive.</param>
    /// <param name="storedRows">For each row, which stored one it is; null when they are in order.</param>
    /// <exception cref="ArgumentException">Rows are not whole blocks, or the order names rows that are not there.</exception>
    public BlockMatrix(BlockFormat format, int rows, int columns, byte* data, object? owner, int[]? storedRows = null)
        : base(rows, columns)
    {
        ArgumentNullException.ThrowIfNull(format);
        if (columns % format.BlockElements != 0)
        {
            throw new ArgumentException($"rows of {columns} elements are not whole blocks of {format.BlockElements} ({format.Name})", nameof(columns));
        }

        if (storedRows is not null && (storedRows.Length != rows || storedRows.Any(row => (uint)row >= (uint)rows)))
        {
            throw new ArgumentException($"the order of {rows} rows must name each by a number below that", nameof(storedRows));
        }

        BlockFormat = format;
        _data = data;
        _rowBytes = (long)(columns / format.BlockElements) * format.BlockBytes;
        _storedRows = storedRows;
        _owner = owner;
    }

    /// <summary>The format of the blocks.</summary>
    public BlockFormat BlockFormat { get; }

    /// <inheritdoc/>
    public override string Format => BlockFormat.Name;

    /// <inheritdoc/>
    public override DType CodeDType => DType.UInt8;

    /// <inheritdoc/>
    public override long ByteLength => Rows * _rowBytes;

    /// <summary>Encodes a matrix.</summary>
    /// <param name="source">The matrix, in any format.</param>
    /// <param name="format">A format that can be encoded, whose blocks fill the rows.</param>
    /// <returns>A matrix in memory of its own.</returns>
    public static BlockMatrix Encode(in WeightView source, BlockFormat format)
    {
        ArgumentNullException.ThrowIfNull(format);
        long bytes = (long)source.Rows * (source.Columns / format.BlockElements) * format.BlockBytes;
        var memory = new NativeBuffer(bytes);
        var matrix = new BlockMatrix(format, source.Rows, source.Columns, memory.Data, memory);
        var job = new EncodeJob { Source = source, Format = format, Target = memory.Data, RowBytes = matrix._rowBytes };
        Threading.WorkerPool.Shared.Run(source.Rows, ref job);
        return matrix;
    }

    /// <inheritdoc/>
    internal override delegate*<in Kernels.SmallProduct, int, int, void> IntegerProduct => BlockFormat.IntegerProduct;

    internal override byte* Address(long row, int column)
        => RowStart(row) + ((long)(column / BlockFormat.BlockElements) * BlockFormat.BlockBytes);

    internal override void Decode(bool vectors, long row, int column, int count, float* destination)
        => DecodeRows(vectors, row, 1, column, count, destination, count);

    internal override void DecodeRows(bool vectors, long row, int rows, int column, int count, float* destination, nint step)
    {
        BlockFormat.DecodeRows(vectors, this, row, rows, column, count, destination, step);
        GC.KeepAlive(_owner);
    }

    /// <summary>Where a row begins.</summary>
    internal byte* RowStart(long row) => _data + ((_storedRows is null || row >= Rows ? row : _storedRows[row]) * _rowBytes);

    private struct EncodeJob : Threading.IParallelJob
    {
        private const int ScratchSlot = 3;

        public WeightView Source;
        public BlockFormat Format;
        public byte* Target;
        public long RowBytes;

        public readonly void Execute(int part)
        {
            float* values = Memory.ThreadScratch.GetSingles(ScratchSlot, Source.Columns);
            Kernels.WeightDecoder.Decode(Source, (long)part * Source.Columns, Source.Columns, values);
            Format.Encode(values, Source.Columns / Format.BlockElements, Target + (part * RowBytes));
        }
    }
}
