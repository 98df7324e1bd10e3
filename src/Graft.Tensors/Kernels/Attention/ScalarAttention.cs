using Graft.Tensors.Memory;

namespace Graft.Tensors.Kernels;

/// <summary>Attention in plain C#, row by row: the reference that the vector kernels are compared with.</summary>
internal static unsafe class ScalarAttention
{
    private const int ScratchSlot = 4;

    /// <summary>Output and log-sums of query rows <paramref name="first"/> to <paramref name="end"/> - 1.</summary>
    public static void Forward(in AttentionHead head, int first, int end)
    {
        float* scores = ThreadScratch.GetSingles(ScratchSlot, head.KeyCount);
        for (int i = first; i < end; i++)
        {
            int begin = head.FirstKeyOf(i);
            int stop = head.EndKeyOf(i);
            float maximum = Scores(head, i, begin, stop, scores);
            float sum = 0;
            for (int j = begin; j < stop; j++)
            {
                scores[j] = MathF.Exp(scores[j] - maximum);
                sum += scores[j];
            }

            float* output = head.Output + (i * head.OutputStride);
            new Span<float>(output, head.ValueHeadDim).Clear();
            for (int j = begin; j < stop; j++)
            {
                AddScaled(output, head.Values + (j * head.ValueStride), Rounded(head, scores[j] * head.Dropout.FactorOf(i, j)), head.ValueHeadDim);
            }

            for (int c = 0; c < head.ValueHeadDim; c++)
            {
                output[c] /= sum;
            }

            if (head.LogSums != null)
            {
                head.LogSums[i * head.LogSumStride] = maximum + MathF.Log(sum);
            }
        }
    }

    /// <summary>Adds to the gradients of all rows; the probabilities are computed again from the saved log-sums.</summary>
    public static void Backward(in AttentionHead head, in AttentionHeadGradients gradients)
    {
        float* probabilities = ThreadScratch.GetSingles(ScratchSlot, head.KeyCount);
        for (int i = 0; i < head.QueryCount; i++)
        {
            int begin = head.FirstKeyOf(i);
            int stop = head.EndKeyOf(i);
            Scores(head, i, begin, stop, probabilities);
            float* query = head.Queries + (i * head.QueryStride);
            float* output = head.Output + (i * head.OutputStride);
            float* outputGradient = gradients.Output + (i * head.OutputStride);
            float logSum = head.LogSums[i * head.LogSumStride];
            float expected = Dot(output, outputGradient, head.ValueHeadDim);
            for (int j = begin; j < stop; j++)
            {
                float capSlope = CapSlope(probabilities[j] - head.BiasOf(i, j), head.SoftCap);
                float probability = MathF.Exp(probabilities[j] - logSum);
                float kept = head.Dropout.FactorOf(i, j);
                if (gradients.Values != null)
                {
                    AddScaled(gradients.Values + (j * head.ValueStride), outputGradient, Rounded(head, probability * kept), head.ValueHeadDim);
                }

                float probabilityGradient = kept * Dot(head.Values + (j * head.ValueStride), outputGradient, head.ValueHeadDim);
                float biasGradient = probability * (probabilityGradient - expected);
                if (gradients.RelativeBias != null)
                {
                    gradients.RelativeBias[head.FirstQuery + i - j] += biasGradient;
                }

                float scoreGradient = Rounded(head, biasGradient * capSlope) * head.Scale;
                if (gradients.Queries != null)
                {
                    AddScaled(gradients.Queries + (i * head.QueryStride), head.Keys + (j * head.KeyStride), scoreGradient, head.HeadDim);
                }

                if (gradients.Keys != null)
                {
                    AddScaled(gradients.Keys + (j * head.KeyStride), query, scoreGradient, head.HeadDim);
                }
            }
        }
    }

    private static float Scores(in AttentionHead head, int row, int begin, int stop, float* scores)
    {
        float* query = head.Queries + (row * head.QueryStride);
        float maximum = float.NegativeInfinity;
        for (int j = begin; j < stop; j++)
        {
            float score = Dot(query, head.Keys + (j * head.KeyStride), head.HeadDim) * head.Scale;
            scores[j] = Capped(score, head.SoftCap) + head.BiasOf(row, j);
            maximum = MathF.Max(maximum, scores[j]);
        }

        return maximum;
    }

    private static float Rounded(in AttentionHead head, float factor) => head.RoundsScores ? RoundedTo.Apply(factor, DType.BFloat16) : factor;

    private static float Capped(float score, float cap) => cap == 0 ? score : cap * MathF.Tanh(score / cap);

    private static float CapSlope(float capped, float cap) => cap == 0 ? 1 : 1 - (capped / cap * (capped / cap));

    private static float Dot(float* a, float* b, int count)
    {
        float sum = 0;
        for (int i = 0; i < count; i++)
        {
            sum += a[i] * b[i];
        }

        return sum;
    }

    private static void AddScaled(float* y, float* x, float factor, int count)
    {
        for (int i = 0; i < count; i++)
        {
            y[i] += factor * x[i];
        }
    }
}
