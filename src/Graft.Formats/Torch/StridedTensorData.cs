using System.Runtime.CompilerServices;
using Graft.Tensors;

namespace Graft.Formats;

/// <summary>A view of other data, copied into row-major order.</summary>
/// <param name="source">What is viewed.</param>
/// <param name="offset">First element.</param>
/// <param name="shape">Sizes, outermost first; not empty, none 0.</param>
/// <param name="stride">Elements from one index to the next, as many as sizes.</param>
/// <param name="elementSize">Bytes of an element: 1, 2, 4 or 8.</param>
internal sealed unsafe class StridedTensorData(TensorData source, long offset, long[] shape, long[] stride, int elementSize) : OwnedTensorData
{
    /// <inheritdoc/>
    protected override void EnsureOpen() => _ = source.Pointer;

    /// <inheritdoc/>
    protected override NativeBuffer Make()
    {
        long elements = shape.Aggregate(1L, (product, size) => product * size);
        var buffer = new NativeBuffer(elements * elementSize);
        byte* start = source.Pointer + (offset * elementSize);
        switch (elementSize)
        {
            case 1:
                Copy((byte*)start, (byte*)buffer.Data, elements);
                break;
            case 2:
                Copy((ushort*)start, (ushort*)buffer.Data, elements);
                break;
            case 4:
                Copy((uint*)start, (uint*)buffer.Data, elements);
                break;
            default:
                Copy((ulong*)start, (ulong*)buffer.Data, elements);
                break;
        }

        return buffer;
    }

    private void Copy<T>(T* from, T* to, long elements)
        where T : unmanaged
    {
        int last = shape.Length - 1;
        long[] index = new long[shape.Length];
        for (long done = 0; done < elements; done += shape[last])
        {
            for (long i = 0; i < shape[last]; i++)
            {
                to[done + i] = Unsafe.ReadUnaligned<T>(from + (i * stride[last]));
            }

            for (int axis = last - 1; axis >= 0; axis--)
            {
                from += stride[axis];
                if (++index[axis] < shape[axis])
                {
                    break;
                }

                from -= stride[axis] * shape[axis];
                index[axis] = 0;
            }
        }
    }
}
