using System.Text.Json;
using Graft.Generation.Processors;

namespace Graft.Generation.Tests.Processors;

/// <summary>Runs whole lists on small vectors.</summary>
internal static class ProcessorRuns
{
    public const float Never = float.NegativeInfinity;

    /// <summary>Settings from JSON.</summary>
    public static GenerationConfig Config(string json)
    {
        using JsonDocument document = JsonDocument.Parse(json);
        return GenerationConfig.FromJson(document.RootElement);
    }

    /// <summary>Applies what <paramref name="json"/> asks for.</summary>
    public static float[] Process(string json, float[] scores, int[] tokens, int? promptLength = null)
    {
        float[] copy = [.. scores];
        LogitsProcessorList.Build(Config(json)).Process(copy, new ProcessorContext(tokens, promptLength ?? tokens.Length));
        return copy;
    }

    /// <summary>Tokens that are still possible.</summary>
    public static int[] Support(float[] scores) => [.. Enumerable.Range(0, scores.Length).Where(token => scores[token] > Never)];

    /// <summary>Logits of the given probabilities.</summary>
    public static float[] Logits(params double[] probabilities) => Array.ConvertAll(probabilities, probability => (float)Math.Log(probability));
}
