using System.Numerics;
using System.Runtime.CompilerServices;
using Graft.Tensors.Threading;

namespace Graft.Tensors.Kernels;

/// <summary>Element by element arithmetic on one stretch of memory, shared out among the workers where it is long.</summary>
/// <remarks>Lanes do not mix, so neither the vector width nor the parts change the result.</remarks>
internal static unsafe class VectorKernels
{
    private const int PartLength = 16 * 1024;

    /// <summary><c>y = op(y, a, b)</c>, written once for vectors and once for what is left over.</summary>
    private interface IOperation
    {
        static abstract Vector<float> Apply(Vector<float> y, Vector<float> a, Vector<float> b);

        static abstract float Apply(float y, float a, float b);
    }

    /// <summary><c>y += x</c>.</summary>
    public static void Add(float* y, float* x, long count) => Run<Addition>(y, y, x, count);

    /// <summary><c>y = a + b</c>.</summary>
    public static void Sum(float* a, float* b, float* y, long count) => Run<Addition>(y, a, b, count);

    /// <summary><c>y -= x</c>.</summary>
    public static void Subtract(float* y, float* x, long count) => Run<Subtraction>(y, y, x, count);

    /// <summary><c>y *= factor</c>.</summary>
    public static void Scale(float* y, float factor, long count)
    {
        var job = new ScaleJob { Y = y, Factor = factor, Count = count };
        WorkerPool.Shared.Run(Parts(count), ref job);
    }

    /// <summary><c>y *= x</c>.</summary>
    public static void Multiply(float* y, float* x, long count) => Run<Multiplication>(y, y, x, count);

    /// <summary><c>y += a * b</c>, fused.</summary>
    public static void MultiplyAdd(float* y, float* a, float* b, long count) => Run<MultiplicationAndAddition>(y, a, b, count);

    private static int Parts(long count) => checked((int)((count + PartLength - 1) / PartLength));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Run<TOperation>(float* y, float* a, float* b, long count)
        where TOperation : struct, IOperation
    {
        if (count <= PartLength)
        {
            Apply<TOperation>(y, a, b, count);
            return;
        }

        var job = new Job<TOperation> { Y = y, A = a, B = b, Count = count };
        WorkerPool.Shared.Run(Parts(count), ref job);
    }

    private static void Apply<TOperation>(float* y, float* a, float* b, long count)
        where TOperation : struct, IOperation
    {
        long i = 0;
        for (; i + Vector<float>.Count <= count; i += Vector<float>.Count)
        {
            TOperation.Apply(Vector.Load(y + i), Vector.Load(a + i), Vector.Load(b + i)).Store(y + i);
        }

        for (; i < count; i++)
        {
            y[i] = TOperation.Apply(y[i], a[i], b[i]);
        }
    }

    private readonly struct Addition : IOperation
    {
        public static Vector<float> Apply(Vector<float> y, Vector<float> a, Vector<float> b) => a + b;

        public static float Apply(float y, float a, float b) => a + b;
    }

    private readonly struct Subtraction : IOperation
    {
        public static Vector<float> Apply(Vector<float> y, Vector<float> a, Vector<float> b) => a - b;

        public static float Apply(float y, float a, float b) => a - b;
    }

    private readonly struct Multiplication : IOperation
    {
        public static Vector<float> Apply(Vector<float> y, Vector<float> a, Vector<float> b) => a * b;

        public static float Apply(float y, float a, float b) => a * b;
    }

    private readonly struct MultiplicationAndAddition : IOperation
    {
        public static Vector<float> Apply(Vector<float> y, Vector<float> a, Vector<float> b) => Vector.FusedMultiplyAdd(a, b, y);

        public static float Apply(float y, float a, float b) => MathF.FusedMultiplyAdd(a, b, y);
    }

    private struct Job<TOperation> : IParallelJob
        where TOperation : struct, IOperation
    {
        public float* Y, A, B;
        public long Count;

        public readonly void Execute(int part)
        {
            long start = (long)part * PartLength;
            Apply<TOperation>(Y + start, A + start, B + start, Math.Min(PartLength, Count - start));
        }
    }

    private struct ScaleJob : IParallelJob
    {
        public float* Y;
        public float Factor;
        public long Count;

        public readonly void Execute(int part)
        {
            var factor = new Vector<float>(Factor);
            long i = (long)part * PartLength;
            long end = Math.Min(Count, i + PartLength);
            for (; i + Vector<float>.Count <= end; i += Vector<float>.Count)
            {
                (Vector.Load(Y + i) * factor).Store(Y + i);
            }

            for (; i < end; i++)
            {
                Y[i] *= Factor;
            }
        }
    }
}
