using System.Numerics;

namespace Graft.Tensors.Kernels;

/// <summary>Element by element arithmetic on one stretch of memory. Lanes do not mix, so the vector width does not change the result.</summary>
internal static unsafe class VectorKernels
{
    /// <summary><c>y += x</c>.</summary>
    public static void Add(float* y, float* x, long count)
    {
        long i = 0;
        for (; i + Vector<float>.Count <= count; i += Vector<float>.Count)
        {
            (Vector.Load(y + i) + Vector.Load(x + i)).Store(y + i);
        }

        for (; i < count; i++)
        {
            y[i] += x[i];
        }
    }

    /// <summary><c>y = a + b</c>.</summary>
    public static void Sum(float* a, float* b, float* y, long count)
    {
        long i = 0;
        for (; i + Vector<float>.Count <= count; i += Vector<float>.Count)
        {
            (Vector.Load(a + i) + Vector.Load(b + i)).Store(y + i);
        }

        for (; i < count; i++)
        {
            y[i] = a[i] + b[i];
        }
    }

    /// <summary><c>y *= factor</c>.</summary>
    public static void Scale(float* y, float factor, long count)
    {
        var broadcast = new Vector<float>(factor);
        long i = 0;
        for (; i + Vector<float>.Count <= count; i += Vector<float>.Count)
        {
            (Vector.Load(y + i) * broadcast).Store(y + i);
        }

        for (; i < count; i++)
        {
            y[i] *= factor;
        }
    }

    /// <summary><c>y *= x</c>.</summary>
    public static void Multiply(float* y, float* x, long count)
    {
        long i = 0;
        for (; i + Vector<float>.Count <= count; i += Vector<float>.Count)
        {
            (Vector.Load(y + i) * Vector.Load(x + i)).Store(y + i);
        }

        for (; i < count; i++)
        {
            y[i] *= x[i];
        }
    }

    /// <summary><c>y += a * b</c>, fused.</summary>
    public static void MultiplyAdd(float* y, float* a, float* b, long count)
    {
        long i = 0;
        for (; i + Vector<float>.Count <= count; i += Vector<float>.Count)
        {
            Vector.FusedMultiplyAdd(Vector.Load(a + i), Vector.Load(b + i), Vector.Load(y + i)).Store(y + i);
        }

        for (; i < count; i++)
        {
            y[i] = MathF.FusedMultiplyAdd(a[i], b[i], y[i]);
        }
    }
}
