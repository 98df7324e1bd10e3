using Graft.Tensors.Kernels;

namespace Graft.Tensors.Tests;

/// <summary>Attention, written down once more in double precision and in the most obvious way.</summary>
internal sealed class AttentionReference(AttentionSettings settings, HeadLayout query, HeadLayout key, HeadLayout value)
{
    /// <summary>Output rows of one sequence whose matrices have rows of <paramref name="columns"/> columns: queries, keys and values in one.</summary>
    public double[] Forward(double[] x, int columns, int length, int firstPosition = 0)
    {
        int width = settings.Heads * settings.ValueHeadDim;
        var output = new double[length * width];
        for (int head = 0; head < settings.Heads; head++)
        {
            for (int i = 0; i < length; i++)
            {
                double[] probabilities = Probabilities(x, columns, length, head, i, firstPosition);
                for (int j = 0; j < length; j++)
                {
                    for (int c = 0; c < settings.ValueHeadDim; c++)
                    {
                        output[(i * width) + (head * settings.ValueHeadDim) + c] += probabilities[j] * x[(j * columns) + value.Column(head / Group) + c];
                    }
                }
            }
        }

        return output;
    }

    private int Group => settings.Heads / settings.KeyValueHeads;

    private double[] Probabilities(double[] x, int columns, int length, int head, int i, int firstPosition)
    {
        var scores = new double[length];
        for (int j = 0; j < length; j++)
        {
            double dot = 0;
            for (int c = 0; c < settings.HeadDim; c++)
            {
                dot += x[(i * columns) + query.Column(head) + c] * x[(j * columns) + key.Column(head / Group) + c];
            }

            scores[j] = Sees(i, j) ? Score(dot, head, firstPosition + j) : double.NegativeInfinity;
        }

        double maximum = scores.Max();
        double sum = 0;
        for (int j = 0; j < length; j++)
        {
            scores[j] = Math.Exp(scores[j] - maximum);
            sum += scores[j];
        }

        AttentionDropout dropout = settings.Dropout == 0 ? default : AttentionDropout.Of(settings.Dropout, seed: 0, ordinal: 0).ForHead(sequence: 0, head);
        for (int j = 0; j < length; j++)
        {
            scores[j] *= dropout.FactorOf(i, j) / sum;
        }

        return scores;
    }

    private double Score(double dot, int head, int position)
    {
        double score = dot * settings.Scale;
        return settings.Alibi switch
        {
            AlibiForm.Standard => score + ((double)settings.AlibiSlopes![head] * position),
            AlibiForm.Bfloat16BeforeScale => (dot + Rounded(Rounded(settings.AlibiSlopes![head]) * Rounded(position))) * settings.Scale,
            _ => settings.SoftCap == 0 ? score : settings.SoftCap * Math.Tanh(score / settings.SoftCap),
        };
    }

    private bool Sees(int i, int j)
    {
        bool near = settings.Window == 0 || Math.Abs(i - j) < settings.Window;
        return near && (j <= i || !settings.Causal);
    }

    private static float Rounded(float value) => BFloat16.ToSingle(BFloat16.FromSingle(value));
}
