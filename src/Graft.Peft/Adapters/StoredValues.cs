using Graft.Tensors;

namespace Graft.Peft;

/// <summary>Copies and changes weights in the format that they are stored in.</summary>
internal static unsafe class StoredValues
{
    /// <summary>A copy in memory of its own, in the same format.</summary>
    public static Parameter Copy(Parameter source, string? name = null)
    {
        long bytes = source.Count * source.DType.SizeInBytes();
        var memory = new NativeBuffer(bytes);
        Buffer.MemoryCopy((void*)source.Data, memory.Data, bytes, bytes);
        return new Parameter(name ?? source.Name, source.Shape, source.DType, (nint)memory.Data, memory);
    }

    /// <summary>The transpose of a matrix, in memory of its own, in the same format.</summary>
    public static Parameter Transpose(Parameter source)
    {
        (int rows, int columns) = (source.Shape[0], source.Shape[1]);
        Parameter result = Create(source.Name, [columns, rows], source.DType);
        Write(result, 0, LowRankProduct.Transpose(source.ToArray(), rows, columns));
        return result;
    }

    /// <summary>Room for values, all zero, in a given format.</summary>
    public static Parameter Create(string name, int[] shape, DType dtype)
    {
        long count = shape.Aggregate(1L, (product, size) => product * size);
        var memory = new NativeBuffer(count * dtype.SizeInBytes());
        return new Parameter(name, shape, dtype, (nint)memory.Data, memory);
    }

    /// <summary>Changes the format of <paramref name="parameter"/> from fp32 to a narrower one.</summary>
    public static void Narrow(Parameter parameter, DType dtype)
    {
        float[] values = parameter.ToArray();
        var memory = new NativeBuffer(parameter.Count * dtype.SizeInBytes());
        parameter.MoveTo((nint)memory.Data, dtype, memory);
        Write(parameter, 0, values);
    }

    /// <summary>Rounds fp32 values into the parameter's format.</summary>
    /// <param name="parameter">Writable memory.</param>
    /// <param name="first">Index of the first element to write.</param>
    /// <param name="values">The values.</param>
    public static void Write(Parameter parameter, long first, ReadOnlySpan<float> values)
    {
        switch (parameter.DType)
        {
            case DType.Float32:
                values.CopyTo(new Span<float>((float*)parameter.Data + first, values.Length));
                break;
            case DType.BFloat16:
                ushort* bits = (ushort*)parameter.Data + first;
                for (int i = 0; i < values.Length; i++)
                {
                    bits[i] = BFloat16.FromSingle(values[i]);
                }

                break;
            case DType.Float16:
                Half* halves = (Half*)parameter.Data + first;
                for (int i = 0; i < values.Length; i++)
                {
                    halves[i] = (Half)values[i];
                }

                break;
            default:
                throw new NotSupportedException($"parameter {parameter.Name}: values stored as {parameter.DType} cannot be written");
        }
    }

    /// <summary>Reads values, widened to fp32.</summary>
    public static void Read(Parameter parameter, long first, Span<float> values)
    {
        fixed (float* destination = values)
        {
            Tensors.Kernels.WeightDecoder.Decode(parameter.View, first, values.Length, destination);
        }
    }

    /// <summary>Rounds a value to a format and widens it again.</summary>
    public static float Round(float value, DType dtype) => dtype switch
    {
        DType.BFloat16 => BFloat16.ToSingle(BFloat16.FromSingle(value)),
        DType.Float16 => (float)(Half)value,
        _ => value,
    };

    /// <summary>Writes all values to a stream, as they are or rounded to another format.</summary>
    public static void WriteTo(Stream stream, Parameter parameter, DType dtype)
    {
        const int Chunk = 1 << 18;
        var buffer = Create(parameter.Name, [(int)Math.Min(Chunk, parameter.Count)], dtype);
        float[] values = new float[Math.Min(Chunk, parameter.Count)];
        for (long first = 0; first < parameter.Count; first += Chunk)
        {
            int count = (int)Math.Min(Chunk, parameter.Count - first);
            if (parameter.DType == dtype)
            {
                int size = dtype.SizeInBytes();
                stream.Write(new ReadOnlySpan<byte>((byte*)parameter.Data + (first * size), count * size));
                continue;
            }

            Read(parameter, first, values.AsSpan(0, count));
            Write(buffer, 0, values.AsSpan(0, count));
            stream.Write(new ReadOnlySpan<byte>((void*)buffer.Data, count * dtype.SizeInBytes()));
        }
    }
}
