using System.Text.Json;
using Graft.Formats;
using Graft.Generation;
using Graft.Generation.Decoding;
using Graft.Models;
using Graft.Tensors;

namespace Graft.Conformance;

/// <summary>A <c>model</c> case of task SEQ_2_SEQ_LM: encoder, logits, loss, every gradient, greedy and beam-searched text.</summary>
internal sealed class Seq2SeqCheck(ConformanceCase @case, Check check)
{
    public void Run()
    {
        using LanguageModel loaded = CaseJson.LoadModel(@case.PathOf("model"));
        var model = (Seq2SeqLanguageModel)loaded;
        using SafetensorsFile expected = SafetensorsFile.Open(@case.PathOf("tensors"));
        using var harness = new ModelHarness(model);
        List<CaseSequence> sequences = @case.Sequences();
        for (int i = 0; i < sequences.Count; i++)
        {
            check.Close($"encoder.{i}", ModelHarness.Expected(expected, $"encoder.{i}"), Encoded(model, sequences[i].Ids));
            check.Close($"logits.{i}", ModelHarness.Expected(expected, $"logits.{i}"), harness.Logits(sequences[i]));
        }

        foreach (JsonElement entry in @case.Has("generate") ? @case.Root.GetProperty("generate").EnumerateArray() : default)
        {
            CheckGenerated(entry, model);
        }

        List<(string Name, WeightSlot Slot)> weights = [.. model.DistinctWeights()];
        using var buffer = new ParameterBuffer([.. weights.Select(weight => weight.Slot.Original)]);
        ModelRunner.CheckGradients(@case, check, weights, () => harness.Loss(sequences), expected);
        buffer.ClearGradients();
        ModelRunner.CheckGradients(@case, check, weights, () => harness.Loss(sequences, gradientCheckpointing: true), expected);
    }

    private static float[] Encoded(Seq2SeqLanguageModel model, int[] ids)
    {
        using var tape = new Tape();
        var context = new ForwardContext(tape);
        context.AddSource(ids);
        return model.Encode(context).Span.ToArray();
    }

    private static void CheckGenerated(JsonElement entry, Seq2SeqLanguageModel model)
    {
        GenerationConfig config = ConfigOf(entry, model);
        string what = entry.GetRawText();
        var request = new GenerationRequest
        {
            SourceIds = entry.GetProperty("input_ids").Integers(),
            PromptIds = [config.DecoderStartTokenId ?? model.DecoderStartTokenId],
            Config = config,
        };
        List<(int[] Tokens, double Score)> found = Generate(model, request);
        int[][] wanted = entry.TryGetProperty("all_output_ids", out JsonElement all)
            ? [.. all.EnumerateArray().Select(row => row.Integers())]
            : [entry.GetProperty("output_ids").Integers()];
        for (int i = 0; i < wanted.Length; i++)
        {
            // Returned together they are filled up to the longest, with the end token where padding is token 0.
            int padding = config.PadTokenId is { } pad and not 0 ? pad : config.EosTokenId?[0] ?? 0;
            int[] tokens = wanted.Length == 1 ? found[i].Tokens : [.. found[i].Tokens, .. Enumerable.Repeat(padding, Math.Max(0, wanted[i].Length - found[i].Tokens.Length))];
            Check.Equal($"generated {i}: {what}", wanted[i], tokens);
        }

        if (entry.TryGetProperty("sequences_scores", out JsonElement scores))
        {
            for (int i = 0; i < scores.GetArrayLength(); i++)
            {
                double score = scores[i].GetDouble();
                Check.Equal($"score {i} {score} of {what} ({found[i].Score})", true, Math.Abs(score - found[i].Score) <= 1e-4 + (1e-3 * Math.Abs(score)));
            }
        }
    }

    private static GenerationConfig ConfigOf(JsonElement entry, LanguageModel model)
    {
        GenerationConfig config = GenerationConfig.Of(model);
        string[] results = ["input_ids", "output_ids", "all_output_ids", "sequences_scores"];
        using JsonDocument settings = JsonDocument.Parse(
            $"{{{string.Join(',', entry.EnumerateObject().Where(field => !results.Contains(field.Name)).Select(field => $"\"{field.Name}\":{field.Value.GetRawText()}"))}}}");
        config.Apply(settings.RootElement);
        return config;
    }

    private static List<(int[] Tokens, double Score)> Generate(LanguageModel model, GenerationRequest request)
    {
        if ((request.Config.NumBeams ?? 1) > 1)
        {
            using var search = new BeamSearch(model);
            return [.. search.Search(request).Select(found => (found.Tokens, found.Score))];
        }

        using var engine = new GenerationEngine(model);
        GenerationSequence sequence = engine.Add(request);
        while (engine.Step())
        {
        }

        return [(sequence.Tokens.ToArray(), 0)];
    }
}
