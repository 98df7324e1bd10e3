using System.Text.Json;
using Graft.Generation;
using Graft.Generation.Stopping;

namespace Graft.Conformance.Runners;

/// <summary><c>stopping-criteria</c>: whether a text is finished.</summary>
public sealed class StoppingCriteriaRunner : ICaseRunner
{
    /// <inheritdoc/>
    public string Kind => "stopping-criteria";

    /// <inheritdoc/>
    public void Run(ConformanceCase @case, Check check)
    {
        int index = 0;
        int strings = 0;
        foreach (JsonElement row in @case.Root.GetProperty("rows").EnumerateArray())
        {
            string criterion = row.GetProperty("criterion").GetString()!;
            int[] tokens = [.. row.GetProperty("input_ids").EnumerateArray().Select(item => item.GetInt32())];
            JsonElement value = row.GetProperty(criterion);
            if (criterion == "stop_strings")
            {
                strings++;
            }
            else
            {
                Check.Equal($"row {index} ({row})", row.GetProperty("stops").GetBoolean(), Create(criterion, value).Stops(tokens, 0));
            }

            index++;
        }

        if (strings > 0)
        {
            throw new NotYetException($"stop strings ({strings} rows): no tokenizer yet");
        }
    }

    private static IStoppingCriterion Create(string criterion, JsonElement value) => criterion switch
    {
        "eos_token_id" => new EosTokenCriterion(value.ValueKind == JsonValueKind.Array ? [.. value.EnumerateArray().Select(item => item.GetInt32())] : [value.GetInt32()]),
        "max_length" => new MaxLengthCriterion(LengthLimit.Total(value.GetInt32())),
        _ => throw new NotYetException($"stopping criterion {criterion}"),
    };
}
