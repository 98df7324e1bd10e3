using System.Runtime.InteropServices;
using Graft.Tensors;
using Graft.Tensors.Kernels;

namespace Graft.Models;

/// <summary>Reads and writes the values of whole matrices.</summary>
internal static unsafe class MatrixValues
{
    /// <summary>A row as its library dequantises it: 4-bit values before the compute type, LLM.int8() by <c>(code * scale) * (1 / 127)</c>.</summary>
    /// <param name="matrix">The matrix.</param>
    /// <param name="row">The row.</param>
    /// <param name="values">Receives the values.</param>
    public static void Read(QuantizedMatrix matrix, int row, float* values)
    {
        switch (matrix)
        {
            case FourBitMatrix four:
                four.Dequantize((long)row * four.Columns, four.Columns, values);
                break;
            case Int8Matrix eight:
                sbyte* codes = eight.Codes + ((long)row * eight.Columns);
                for (int i = 0; i < eight.Columns; i++)
                {
                    values[i] = codes[i] * eight.Scales[row] * (1f / 127);
                }

                GC.KeepAlive(eight);
                break;
            default:
                WeightDecoder.Decode(new WeightView(matrix), (long)row * matrix.Columns, matrix.Columns, values);
                break;
        }
    }

    /// <summary>Rounds values into a plain format.</summary>
    /// <param name="values">The values.</param>
    /// <param name="dtype">fp32, bf16 or fp16.</param>
    /// <param name="target">Where to write them.</param>
    public static void Store(ReadOnlySpan<float> values, DType dtype, byte* target)
    {
        if (dtype == DType.Float32)
        {
            MemoryMarshal.AsBytes(values).CopyTo(new Span<byte>(target, values.Length * sizeof(float)));
            return;
        }

        for (int i = 0; i < values.Length; i++)
        {
            ((ushort*)target)[i] = dtype == DType.BFloat16 ? BFloat16.FromSingle(values[i]) : BitConverter.HalfToUInt16Bits((Half)values[i]);
        }
    }

    /// <summary>Moves a plain weight to memory of its own in another format, some elements at a time.</summary>
    /// <param name="weight">The weight.</param>
    /// <param name="dtype">fp32, bf16 or fp16.</param>
    public static void Convert(Parameter weight, DType dtype)
    {
        const int Chunk = 1 << 16;
        var memory = new NativeBuffer(weight.Count * dtype.SizeInBytes());
        WeightView view = weight.View;
        var chunk = new float[Math.Min(Chunk, weight.Count)];
        fixed (float* values = chunk)
        {
            for (long i = 0; i < weight.Count; i += Chunk)
            {
                int count = (int)Math.Min(Chunk, weight.Count - i);
                WeightDecoder.Decode(view, i, count, values);
                Store(chunk.AsSpan(0, count), dtype, memory.Data + (i * dtype.SizeInBytes()));
            }
        }

        weight.MoveTo((nint)memory.Data, dtype, memory);
    }

    /// <summary>A transposed copy of a plain matrix, in the same format.</summary>
    /// <param name="source">The matrix.</param>
    public static Parameter Transpose(Parameter source)
    {
        (int rows, int columns) = (source.Shape[0], source.Shape[1]);
        int size = source.DType.SizeInBytes();
        var memory = new NativeBuffer(source.Count * size);
        var from = (byte*)source.Data;
        for (int row = 0; row < rows; row++)
        {
            for (int column = 0; column < columns; column++)
            {
                long target = ((long)column * rows) + row;
                long index = ((long)row * columns) + column;
                if (size == sizeof(float))
                {
                    ((uint*)memory.Data)[target] = ((uint*)from)[index];
                }
                else
                {
                    ((ushort*)memory.Data)[target] = ((ushort*)from)[index];
                }
            }
        }

        GC.KeepAlive(source);
        return new Parameter(source.Name, [columns, rows], source.DType, (nint)memory.Data, memory);
    }
}
