namespace Graft.Tensors.Tests;

/// <summary>Parameters in the plain formats.</summary>
internal static unsafe class StoredParameter
{
    /// <summary>Values rounded to a format.</summary>
    public static Parameter Create(float[] values, int rows, int columns, DType dtype)
    {
        var memory = new Tensors.NativeBuffer((long)values.Length * dtype.SizeInBytes());
        for (int i = 0; i < values.Length; i++)
        {
            switch (dtype)
            {
                case DType.Float32: ((float*)memory.Data)[i] = values[i]; break;
                case DType.BFloat16: ((ushort*)memory.Data)[i] = BFloat16.FromSingle(values[i]); break;
                default: ((Half*)memory.Data)[i] = (Half)values[i]; break;
            }
        }

        return new Parameter("w", [rows, columns], dtype, (nint)memory.Data, memory);
    }
}
