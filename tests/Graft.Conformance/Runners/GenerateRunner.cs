using System.Text.Json;
using Graft.Generation;
using Graft.Generation.Decoding;
using Graft.Models;

namespace Graft.Conformance.Runners;

/// <summary><c>generate</c> and <c>beam-search</c>: the tokens that a model continues prompts with.</summary>
/// <param name="kind">Which of the two.</param>
public sealed class GenerateRunner(string kind) : ICaseRunner
{
    /// <inheritdoc/>
    public string Kind => kind;

    /// <inheritdoc/>
    public void Run(ConformanceCase @case, Check check)
    {
        using var models = new CaseModels(@case);
        int index = 0;
        foreach (JsonElement row in @case.Root.GetProperty("rows").EnumerateArray())
        {
            RunRow(row, $"row {index++} ({Settings(row)})", models, check);
        }
    }

    private static void RunRow(JsonElement row, string what, CaseModels models, Check check)
    {
        string folder = row.GetProperty("model").GetString()!;
        LanguageModel model = models.Load(folder);
        GenerationConfig config = ConfigOf(row, model, what);
        int[] ids = row.GetProperty("input_ids").Integers();
        var request = new GenerationRequest
        {
            PromptIds = model is Seq2SeqLanguageModel encoderDecoder ? [config.DecoderStartTokenId ?? encoderDecoder.DecoderStartTokenId] : ids,
            SourceIds = model is Seq2SeqLanguageModel ? ids : null,
            Config = config,
            NegativePromptIds = row.TryGetProperty("negative_prompt_ids", out JsonElement negative) ? negative.Integers() : null,
            Assistant = row.TryGetProperty("assistant", out JsonElement assistant) ? models.Load(assistant.GetString()!) : null,
            BytesOfToken = config.StopStrings is null ? null : models.BytesOf(folder),
        };
        List<(int[] Tokens, double? Score)> found = Generate(model, request);
        int[][] expected = [.. row.GetProperty("sequences").EnumerateArray().Select(sequence => sequence.Integers())];
        Check.Equal($"{what}: number of sequences", expected.Length, found.Count);
        int longest = found.Max(text => text.Tokens.Length);
        for (int i = 0; i < expected.Length; i++)
        {
            int[] tokens = found[i].Tokens;
            if (row.TryGetProperty("arguments", out _))
            {
                // As returned by the reference: filled up to the longest.
                int padding = config.PadTokenId ?? config.EosTokenId?[0] ?? 0;
                tokens = [.. tokens, .. Enumerable.Repeat(padding, longest - tokens.Length)];
            }

            Check.Equal($"{what}: sequence {i}", expected[i], tokens);
            if (row.TryGetProperty("sequences_scores", out JsonElement scores) && scores.ValueKind == JsonValueKind.Array)
            {
                check.Close($"{what}: score {i}", scores[i].GetDouble(), found[i].Score ?? double.NaN);
            }
        }
    }

    /// <summary>The settings of a row: given whole, or as arguments over the model's files, whose merging is checked.</summary>
    private static GenerationConfig ConfigOf(JsonElement row, LanguageModel model, string what)
    {
        var config = GenerationConfig.Of(model);
        if (!row.TryGetProperty("arguments", out JsonElement arguments))
        {
            config.Apply(row.GetProperty("generation_config"));
            return config;
        }

        if (arguments.TryGetProperty("generation_config", out JsonElement given))
        {
            config = config.With(GenerationConfig.FromJson(given));
        }

        using JsonDocument others = JsonDocument.Parse($"{{{string.Join(',', arguments.EnumerateObject().Where(argument => argument.Name != "generation_config").Select(argument => $"\"{argument.Name}\":{argument.Value.GetRawText()}"))}}}");
        config.Apply(others.RootElement);
        foreach (JsonProperty setting in row.GetProperty("effective").EnumerateObject())
        {
            CheckSetting(config, setting, model, row.GetProperty("input_ids").GetArrayLength(), what);
        }

        return config;
    }

    private static void CheckSetting(GenerationConfig config, JsonProperty setting, LanguageModel model, int promptLength, string what)
    {
        if (setting.Name is "max_length" or "max_new_tokens")
        {
            // The limit that comes of both is what counts.
            if (setting.Name == "max_new_tokens" && setting.Value.ValueKind == JsonValueKind.Number)
            {
                Check.Equal($"{what}: limit", promptLength + setting.Value.GetInt32(), config.LimitLength(model.Config.MaximumPositions).TotalFor(promptLength));
            }

            return;
        }

        string? actual = setting.Name switch
        {
            "repetition_penalty" => Text(config.RepetitionPenalty ?? 1),
            "eos_token_id" => config.EosTokenId is { Count: > 0 } end ? string.Join(',', end) : null,
            "num_beams" => Text(config.NumBeams ?? 1),
            "do_sample" => (config.DoSample ?? false).ToString(),
            "temperature" => Text(config.Temperature ?? 1),
            "top_k" => Text(config.TopK ?? GenerationConfig.DefaultTopK),
            "top_p" => Text(config.TopP ?? 1),
            "num_return_sequences" => Text(config.NumReturnSequences ?? 1),
            "length_penalty" => Text(config.LengthPenalty ?? 1),
            "min_length" => Text(config.MinLength ?? 0),
            "no_repeat_ngram_size" => Text(config.NoRepeatNgramSize ?? 0),
            "pad_token_id" => config.PadTokenId is { } padding ? Text(padding) : null,
            _ => throw new NotYetException($"effective setting {setting.Name}"),
        };
        string? expected = setting.Value.ValueKind switch
        {
            JsonValueKind.Null => null,
            JsonValueKind.Array => string.Join(',', setting.Value.Integers()),
            JsonValueKind.Number => Text(setting.Value.GetDouble()),
            _ => setting.Value.GetBoolean().ToString(),
        };
        Check.Equal($"{what}: effective {setting.Name}", expected, actual);
    }

    private static string Text(double value) => value.ToString("R", System.Globalization.CultureInfo.InvariantCulture);

    private static List<(int[] Tokens, double? Score)> Generate(LanguageModel model, GenerationRequest request)
    {
        if ((request.Config.NumBeams ?? 1) > 1)
        {
            using var search = new BeamSearch(model);
            return [.. search.Search(request).Select(found => (found.Tokens, (double?)found.Score))];
        }

        using var engine = new GenerationEngine(model);
        GenerationSequence sequence = engine.Add(request);
        while (engine.Step())
        {
        }

        return [(sequence.Tokens.ToArray(), null)];
    }

    private static string Settings(JsonElement row)
        => row.TryGetProperty("generation_config", out JsonElement config) ? config.GetRawText().ReplaceLineEndings(string.Empty).Replace(" ", string.Empty, StringComparison.Ordinal)
            : row.GetProperty("arguments").GetRawText().ReplaceLineEndings(string.Empty);
}
