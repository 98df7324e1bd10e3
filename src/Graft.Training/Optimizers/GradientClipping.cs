using System.Runtime.Intrinsics;
using Graft.Tensors.Memory;
using Graft.Tensors.Threading;

namespace Graft.Training.Optimizers;

/// <summary>
/// Global norm and clipping of a flat gradient buffer. Sums are taken in double precision, chunk by chunk and in eight strands
/// by index, so they are the same bits on any machine and for any number of threads.
/// </summary>
public static unsafe class GradientClipping
{
    /// <summary>Elements in a chunk: the unit of a partial sum.</summary>
    public const int ChunkLength = 16384;

    private const int TermSlot = 0;

    // torch adds this to the norm before dividing, so a clipped norm ends a little below the limit.
    private const double NormEpsilon = 1e-6;

    /// <summary>The <paramref name="normType"/>-norm of all gradients together.</summary>
    /// <param name="gradients">All gradients; those of skipped parameters must be zero.</param>
    /// <param name="normType">2 by default; any positive number, or infinity for the largest magnitude.</param>
    public static double TotalNorm(ReadOnlySpan<float> gradients, double normType = 2)
    {
        fixed (float* pointer = gradients)
        {
            return TotalNorm(pointer, gradients.Length, normType);
        }
    }

    /// <summary>The <paramref name="normType"/>-norm of <paramref name="count"/> gradients.</summary>
    /// <param name="gradients">First gradient.</param>
    /// <param name="count">Number of gradients.</param>
    /// <param name="normType">2 by default; any positive number, or infinity for the largest magnitude.</param>
    public static double TotalNorm(float* gradients, long count, double normType = 2)
        => TotalNorm(gradients, count, normType, WorkerPool.Shared);

    internal static double TotalNorm(float* gradients, long count, double normType, WorkerPool pool)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(normType);
        int chunks = checked((int)((count + ChunkLength - 1) / ChunkLength));
        double* terms = (double*)ThreadScratch.Get(TermSlot, (nuint)chunks * sizeof(double));
        var job = new ChunkJob(gradients, count, normType, terms);
        pool.Run(chunks, ref job);
        double total = 0;
        for (int i = 0; i < chunks; i++)
        {
            total = Combine(total, terms[i], normType);
        }

        return NormOf(total, normType);
    }

    /// <summary>One chunk's share: the sum of its powers, or its largest magnitude for the infinity norm.</summary>
    /// <param name="gradients">First gradient of the chunk.</param>
    /// <param name="count">Its length, up to <see cref="ChunkLength"/>.</param>
    /// <param name="normType">The norm.</param>
    public static double ChunkTerm(float* gradients, int count, double normType)
    {
        if (normType == 2)
        {
            return SumOfSquares(gradients, count);
        }

        double term = 0;
        for (int i = 0; i < count; i++)
        {
            double magnitude = Math.Abs((double)gradients[i]);
            term = double.IsPositiveInfinity(normType) ? Math.Max(term, magnitude)
                : term + (normType == 1 ? magnitude : Math.Pow(magnitude, normType));
        }

        return term;
    }

    /// <summary>Adds a chunk's share to the total; chunks must come in index order.</summary>
    /// <param name="total">The total so far, from 0.</param>
    /// <param name="term">The next chunk's <see cref="ChunkTerm"/>.</param>
    /// <param name="normType">The norm.</param>
    public static double Combine(double total, double term, double normType)
        => double.IsPositiveInfinity(normType) ? Math.Max(total, term) : total + term;

    /// <summary>The norm that a total of chunk shares stands for.</summary>
    /// <param name="total">All shares together.</param>
    /// <param name="normType">The norm.</param>
    public static double NormOf(double total, double normType) => normType switch
    {
        1 or double.PositiveInfinity => total,
        2 => Math.Sqrt(total),
        _ => Math.Pow(total, 1 / normType),
    };

    /// <summary>
    /// What gradients of norm <paramref name="totalNorm"/> are to be multiplied by: <c>max_norm / (norm + 1e-6)</c>, at most 1.
    /// Give it to <see cref="Optimizer.GradientScale"/>, or to <see cref="Scale(Span{float}, float)"/>.
    /// </summary>
    /// <param name="totalNorm">The norm before clipping.</param>
    /// <param name="maxNorm">The largest norm allowed.</param>
    public static float Factor(double totalNorm, double maxNorm)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(maxNorm);

        // NaN must pass through (Math.Min would keep it too): a broken gradient is for the caller to see, not to hide.
        return (float)Math.Min(1, maxNorm / (totalNorm + NormEpsilon));
    }

    /// <summary>Scales all gradients so that their norm is at most <paramref name="maxNorm"/>.</summary>
    /// <param name="gradients">All gradients, changed in place.</param>
    /// <param name="maxNorm">The largest norm allowed.</param>
    /// <param name="normType">The norm.</param>
    /// <returns>The norm before clipping.</returns>
    public static double ClipNorm(Span<float> gradients, double maxNorm, double normType = 2)
    {
        double norm = TotalNorm(gradients, normType);
        Scale(gradients, Factor(norm, maxNorm));
        return norm;
    }

    /// <summary>Limits every single gradient to <c>[-limit, limit]</c>.</summary>
    /// <param name="gradients">All gradients, changed in place.</param>
    /// <param name="limit">The largest magnitude allowed.</param>
    public static void ClipValue(Span<float> gradients, float limit)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(limit);
        for (int i = 0; i < gradients.Length; i++)
        {
            gradients[i] = Math.Clamp(gradients[i], -limit, limit);
        }
    }

    /// <summary>Multiplies every gradient by <paramref name="factor"/>; a factor of 1 leaves them alone.</summary>
    /// <param name="gradients">All gradients, changed in place.</param>
    /// <param name="factor">The factor.</param>
    public static void Scale(Span<float> gradients, float factor)
    {
        if (factor == 1)
        {
            return;
        }

        for (int i = 0; i < gradients.Length; i++)
        {
            gradients[i] *= factor;
        }
    }

    private static double SumOfSquares(float* gradients, int count)
    {
        Vector512<double> sums = Vector512<double>.Zero;
        int i = 0;
        for (; i <= count - Vector256<float>.Count; i += Vector256<float>.Count)
        {
            (Vector256<double> lower, Vector256<double> upper) = Vector256.Widen(Vector256.Load(gradients + i));
            Vector512<double> values = Vector512.Create(lower, upper);
            sums += values * values;
        }

        double sum = 0;
        for (int strand = 0; strand < Vector512<double>.Count; strand++)
        {
            sum += sums[strand];
        }

        for (; i < count; i++)
        {
            sum += (double)gradients[i] * gradients[i];
        }

        return sum;
    }

    private readonly struct ChunkJob(float* gradients, long count, double normType, double* terms) : IParallelJob
    {
        public void Execute(int part)
        {
            long start = (long)part * ChunkLength;
            terms[part] = ChunkTerm(gradients + start, (int)Math.Min(ChunkLength, count - start), normType);
        }
    }
}
