namespace Graft.Models.Tests.Bloom;

/// <summary>BLOOM written down plainly, in double precision, one token after the other.</summary>
internal sealed class BloomReference(SmallModel weights, int hidden, int heads, double epsilon, bool postNormResidual, string head)
{
    private const string Root = "transformer.";

    public double[] Logits(int[] ids, int layers)
    {
        double[][] x = [.. ids.Select(id => Row($"{Root}word_embeddings.weight", id, hidden)).Select(row => Norm(row, $"{Root}word_embeddings_layernorm"))];
        for (int layer = 0; layer < layers; layer++)
        {
            x = Block(x, $"{Root}h.{layer}.");
        }

        int vocabulary = weights[head].Length / hidden;
        return [.. x.Select(row => Norm(row, $"{Root}ln_f")).SelectMany(row => Enumerable.Range(0, vocabulary).Select(token => Dot(Row(head, token, hidden), row)))];
    }

    private double[][] Block(double[][] x, string name)
    {
        double[][] normed = [.. x.Select(row => Norm(row, $"{name}input_layernorm"))];
        double[][] attended = Attention([.. normed.Select(row => Linear(row, $"{name}self_attention.query_key_value"))]);
        double[][] middle = [.. attended.Select((row, i) => Sum(Linear(row, $"{name}self_attention.dense"), postNormResidual ? normed[i] : x[i]))];
        return
        [
            .. middle.Select(row =>
            {
                double[] inner = Norm(row, $"{name}post_attention_layernorm");
                double[] mlp = Linear([.. Linear(inner, $"{name}mlp.dense_h_to_4h").Select(Gelu)], $"{name}mlp.dense_4h_to_h");
                return Sum(mlp, postNormResidual ? inner : row);
            }),
        ];
    }

    /// <summary>Rows are [head][query|key|value][feature]; a key's bias is its position times the head's slope.</summary>
    private double[][] Attention(double[][] fused)
    {
        int size = hidden / heads;
        double[][] result = [.. fused.Select(_ => new double[hidden])];
        for (int head = 0; head < heads; head++)
        {
            double slope = Slope(head);
            for (int query = 0; query < fused.Length; query++)
            {
                double[] scores = [.. Enumerable.Range(0, query + 1).Select(key => (Enumerable.Range(0, size).Sum(f => Part(query, 0, f) * Part(key, 1, f)) / Math.Sqrt(size)) + (slope * key))];
                double[] weights = [.. scores.Select(score => Math.Exp(score - scores.Max()))];
                for (int f = 0; f < size; f++)
                {
                    result[query][(head * size) + f] = Enumerable.Range(0, query + 1).Sum(key => weights[key] * Part(key, 2, f)) / weights.Sum();
                }
            }

            double Part(int token, int which, int feature) => fused[token][(head * 3 * size) + (which * size) + feature];
        }

        return result;
    }

    /// <summary>Press et al. 2021: powers of two, and every other one of the next power's for what is left.</summary>
    private double Slope(int head)
    {
        int power = 1;
        while (power * 2 <= heads)
        {
            power *= 2;
        }

        return head < power ? Math.Pow(2, -8.0 * (head + 1) / power) : Math.Pow(2, -8.0 * ((2 * (head - power)) + 1) / (2 * power));
    }

    private double[] Norm(double[] row, string name)
    {
        double mean = row.Average();
        double variance = row.Average(value => (value - mean) * (value - mean));
        return [.. row.Select((value, i) => ((value - mean) / Math.Sqrt(variance + epsilon) * weights[$"{name}.weight"][i]) + weights[$"{name}.bias"][i])];
    }

    private double[] Linear(double[] row, string name)
        => [.. Enumerable.Range(0, weights[$"{name}.bias"].Length).Select(i => Dot(Row($"{name}.weight", i, row.Length), row) + weights[$"{name}.bias"][i])];

    private double[] Row(string name, int index, int length) => [.. weights[name].AsSpan(index * length, length).ToArray().Select(value => (double)value)];

    private static double Gelu(double x) => 0.5 * x * (1 + Math.Tanh(0.79788456 * x * (1 + (0.044715 * x * x))));

    private static double Dot(double[] a, double[] b) => a.Zip(b, (x, y) => x * y).Sum();

    private static double[] Sum(double[] a, double[] b) => [.. a.Zip(b, (x, y) => x + y)];
}
