using System.Runtime.InteropServices;
using Graft.Tensors.Kernels;

namespace Graft.Tensors.Tests;

/// <summary>A random matrix in one of the storage formats, in native memory that ends where the matrix ends.</summary>
internal sealed unsafe class StoredMatrix : IDisposable
{
    private readonly void* _data;

    public StoredMatrix(DType dtype, int rows, int columns, Random random)
    {
        long count = (long)rows * columns;
        _data = NativeMemory.Alloc((nuint)Math.Max(count, 1) * (nuint)dtype.SizeInBytes());
        for (long i = 0; i < count; i++)
        {
            float value = (float)((random.NextDouble() * 2) - 1);
            switch (dtype)
            {
                case DType.Float32: ((float*)_data)[i] = value; break;
                case DType.BFloat16: ((ushort*)_data)[i] = BFloat16.FromSingle(value); break;
                case DType.Float16: ((Half*)_data)[i] = (Half)(i % 97 == 0 ? value * 1e-6f : value); break;
                default: throw new ArgumentOutOfRangeException(nameof(dtype));
            }
        }

        View = new WeightView((nint)_data, dtype, rows, columns);
    }

    public WeightView View { get; }

    public void Dispose() => NativeMemory.Free(_data);
}
