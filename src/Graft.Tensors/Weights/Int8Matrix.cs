using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Graft.Tensors;

/// <summary>A weight in 8 bits as LLM.int8() stores it (Dettmers et al. 2022, arXiv:2208.07339): signed bytes, and for each row the largest magnitude.</summary>
/// <remarks>An element is <c>code * (scale / 127)</c>.</remarks>
public sealed unsafe class Int8Matrix : QuantizedMatrix
{
    /// <summary>What scales are multiplied by.</summary>
    internal const float StepsReciprocal = 1f / 127;

    private readonly sbyte* _codes;
    private readonly float* _scales;
    private readonly object? _owner;
    private int[]? _codeSums;

    /// <summary>Wraps codes that lie elsewhere.</summary>
    /// <param name="rows">Number of rows.</param>
    /// <param name="columns">Number of columns.</param>
    /// <param name="codes">bitsandbytes' <c>CB</c>, row by row.</param>
    /// <param name="scales">bitsandbytes' <c>SCB</c>, one a row.</param>
    /// <param name="owner">Keeps both alive.</param>
    public Int8Matrix(int rows, int columns, sbyte* codes, float* scales, object? owner)
        : base(rows, columns)
    {
        _codes = codes;
        _scales = scales;
        _owner = owner;
    }

    /// <inheritdoc/>
    public override string Format => "int8";

    /// <inheritdoc/>
    public override DType CodeDType => DType.Int8;

    /// <inheritdoc/>
    public override long ByteLength => ((long)Rows * Columns) + (Rows * sizeof(float));

    /// <summary>Magnitude from which an input counts as an outlier (<c>llm_int8_threshold</c>); 0 for none.</summary>
    public float Threshold { get; init; } = 6;

    /// <summary>The codes, row by row.</summary>
    public sbyte* Codes => _codes;

    /// <summary>The largest magnitude of each row.</summary>
    public float* Scales => _scales;

    /// <summary>The sum of each row's codes: computed once, when a product first needs it.</summary>
    internal int[] CodeSums => _codeSums ??= SumCodes();

    internal override byte* Address(long row, int column) => (byte*)_codes + (row * Columns) + column;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal override void Decode(bool vectors, long row, int column, int count, float* destination)
    {
        sbyte* source = _codes + (row * Columns) + column;
        float scale = _scales[row] * StepsReciprocal;
        int i = 0;
        if (vectors)
        {
            Vector256<float> factor = Vector256.Create(scale);
            for (; i + 16 <= count; i += 16)
            {
                (Vector256<int> lower, Vector256<int> upper) = Vector256.Widen(Vector256.WidenLower(Vector128.Load(source + i).ToVector256Unsafe()));
                (Vector256.ConvertToSingle(lower) * factor).Store(destination + i);
                (Vector256.ConvertToSingle(upper) * factor).Store(destination + i + 8);
            }
        }

        for (; i < count; i++)
        {
            destination[i] = source[i] * scale;
        }

        GC.KeepAlive(_owner);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private int[] SumCodes()
    {
        var sums = new int[Rows];
        for (int row = 0; row < Rows; row++)
        {
            sbyte* codes = _codes + ((long)row * Columns);
            Vector256<int> wide = Vector256<int>.Zero;
            int i = 0;
            for (; i + Vector128<sbyte>.Count <= Columns; i += Vector128<sbyte>.Count)
            {
                (Vector256<int> lower, Vector256<int> upper) = Vector256.Widen(Vector256.WidenLower(Vector128.Load(codes + i).ToVector256Unsafe()));
                wide += lower + upper;
            }

            int sum = Vector256.Sum(wide);
            for (; i < Columns; i++)
            {
                sum += codes[i];
            }

            sums[row] = sum;
        }

        GC.KeepAlive(_owner);
        return sums;
    }
}
