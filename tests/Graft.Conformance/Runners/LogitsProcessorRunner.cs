using System.Text.Json;
using Graft.Generation;
using Graft.Generation.Processors;

namespace Graft.Conformance.Runners;

/// <summary><c>logits-processor</c>: one processor on rows of scores.</summary>
public sealed class LogitsProcessorRunner : ICaseRunner
{
    /// <inheritdoc/>
    public string Kind => "logits-processor";

    /// <inheritdoc/>
    public void Run(ConformanceCase @case, Check check)
    {
        ExpectedArrays arrays = ExpectedArrays.Of(@case);
        string name = @case.Root.GetProperty("processor").GetString()!;
        int index = 0;
        foreach (JsonElement row in @case.Root.GetProperty("rows").EnumerateArray())
        {
            var config = GenerationConfig.FromJson(row.GetProperty("generation_config"));
            config.DoSample = true;
            ILogitsProcessor processor = LogitsProcessorList.Build(config).Processors.FirstOrDefault(found => found.Name == name)
                ?? throw new MismatchException($"row {index}: {name} is not built from {row.GetProperty("generation_config")}");
            int[] tokens = Tokens(row.GetProperty("input_ids"));
            int promptLength = row.TryGetProperty("prompt_length", out JsonElement length) ? length.GetInt32() : tokens.Length;
            var context = new ProcessorContext(tokens, promptLength);
            if (row.TryGetProperty("encoder_input_ids", out JsonElement encoder))
            {
                context = new ProcessorContext(tokens, promptLength) { EncoderTokens = Tokens(encoder) };
            }

            float[] scores = arrays[$"scores.{index}"];
            processor.Process(scores, context);
            check.Close($"row {index} ({row})", arrays[$"processed.{index}"], scores);
            index++;
        }
    }

    private static int[] Tokens(JsonElement list) => [.. list.EnumerateArray().Select(item => item.GetInt32())];
}
