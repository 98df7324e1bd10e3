using System.Numerics;
using System.Runtime.InteropServices;

namespace Graft.Generation.Processors;

/// <summary>Softmax and its relatives over a row of scores. Exponentials are single precision, sums double, in index order.</summary>
internal static class ScoreMath
{
    /// <summary>The largest score; NaN if there is one, minus infinity for none.</summary>
    public static float Max(ReadOnlySpan<float> scores)
    {
        var wide = new Vector<float>(float.NegativeInfinity);
        ReadOnlySpan<Vector<float>> vectors = MemoryMarshal.Cast<float, Vector<float>>(scores);
        foreach (Vector<float> vector in vectors)
        {
            wide = Vector.Max(wide, vector);
        }

        float max = float.NegativeInfinity;
        for (int i = 0; i < Vector<float>.Count; i++)
        {
            max = MathF.Max(max, wide[i]);
        }

        foreach (float score in scores[(vectors.Length * Vector<float>.Count)..])
        {
            max = MathF.Max(max, score);
        }

        return max;
    }

    /// <summary><c>log(sum(exp(scores)))</c>.</summary>
    public static double LogSumExp(ReadOnlySpan<float> scores)
    {
        float max = Max(scores);
        return float.IsNegativeInfinity(max) ? max : max + Math.Log(SumExp(scores, max));
    }

    /// <summary><c>sum(exp(scores - shift))</c>.</summary>
    public static double SumExp(ReadOnlySpan<float> scores, float shift)
    {
        double sum = 0;
        foreach (float score in scores)
        {
            // Most of a vocabulary is forbidden once processors have been over it.
            sum += float.IsNegativeInfinity(score) ? 0 : MathF.Exp(score - shift);
        }

        return sum;
    }

    /// <summary>Probabilities of <paramref name="scores"/>.</summary>
    public static void Softmax(ReadOnlySpan<float> scores, Span<float> probabilities)
    {
        float max = Max(scores);
        double sum = 0;
        for (int i = 0; i < scores.Length; i++)
        {
            float value = MathF.Exp(scores[i] - max);
            probabilities[i] = value;
            sum += value;
        }

        float scale = (float)(1 / sum);
        for (int i = 0; i < scores.Length; i++)
        {
            probabilities[i] *= scale;
        }
    }

    /// <summary>Subtracts <see cref="LogSumExp"/> from every score.</summary>
    public static void LogSoftmax(Span<float> scores)
    {
        float total = (float)LogSumExp(scores);
        for (int i = 0; i < scores.Length; i++)
        {
            scores[i] -= total;
        }
    }

    /// <summary>Entropy in nats of <c>softmax(scores)</c>; impossible tokens add nothing.</summary>
    public static double Entropy(ReadOnlySpan<float> scores, double logSumExp)
    {
        double entropy = 0;
        foreach (float score in scores)
        {
            double log = score - logSumExp;
            if (double.IsFinite(log))
            {
                entropy -= log * MathF.Exp((float)log);
            }
        }

        return entropy;
    }
}
