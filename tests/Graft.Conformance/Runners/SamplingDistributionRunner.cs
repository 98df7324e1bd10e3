using System.Text.Json;
using Graft.Generation;
using Graft.Generation.Processors;
using Graft.Generation.Sampling;
using Graft.Models;

namespace Graft.Conformance.Runners;

/// <summary><c>sampling-distribution</c>: what the first new token is drawn from, or with beams the first beam's continuations.</summary>
public sealed class SamplingDistributionRunner : ICaseRunner
{
    /// <inheritdoc/>
    public string Kind => "sampling-distribution";

    /// <inheritdoc/>
    public void Run(ConformanceCase @case, Check check)
    {
        ExpectedArrays arrays = ExpectedArrays.Of(@case);
        using var models = new CaseModels(@case);
        string? missing = null;
        int index = 0;
        foreach (JsonElement row in @case.Root.GetProperty("rows").EnumerateArray())
        {
            try
            {
                RunRow(row, index, models.Load(row.GetProperty("model").GetString()!), arrays[$"probabilities.{index}"], check);
            }
            catch (NotYetException e)
            {
                missing = e.Message;
            }

            index++;
        }

        if (missing is not null)
        {
            throw new NotYetException(missing);
        }
    }

    private static void RunRow(JsonElement row, int index, LanguageModel model, float[] expected, Check check)
    {
        string what = $"row {index} ({row.GetProperty("generation_config")})";
        int[] ids = row.GetProperty("input_ids").Integers();
        int[] tokens = model is Seq2SeqLanguageModel encoderDecoder ? [encoderDecoder.DecoderStartTokenId] : ids;
        using var harness = new ModelHarness(model);
        float[] logits = harness.Logits(new CaseSequence(ids, [], tokens));
        float[] scores = logits[^model.Config.VocabularySize..];
        var config = GenerationConfig.Of(model);
        config.Apply(row.GetProperty("generation_config"));
        LogitsProcessorList processors = LogitsProcessorList.Build(config, model.Config.MaximumPositions);
        string[] names = [.. row.GetProperty("processors").EnumerateArray().Select(name => name.GetString()!)];
        Check.Equal($"{what}: processors", names, [.. processors.Processors.Select(processor => processor.Name)]);
        var probabilities = new float[scores.Length];
        if ((config.NumBeams ?? 1) > 1)
        {
            // Beam search gives processors log-probabilities.
            TokenSampler.Probabilities(scores, probabilities);
            scores = Array.ConvertAll(probabilities, MathF.Log);
        }

        processors.Process(scores, new ProcessorContext(tokens, tokens.Length) { EncoderTokens = ids });
        TokenSampler.Probabilities(scores, probabilities);
        Check.Equal($"{what}: support", row.GetProperty("support").GetInt32(), probabilities.Count(probability => probability > 0));
        check.Close(what, expected, probabilities);
    }
}
