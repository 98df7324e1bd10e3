using System.Text.Json;
using Graft.Generation;
using Graft.Generation.Stopping;
using Graft.Text;

namespace Graft.Conformance.Runners;

/// <summary><c>stopping-criteria</c>: whether a text is finished.</summary>
public sealed class StoppingCriteriaRunner : ICaseRunner
{
    /// <inheritdoc/>
    public string Kind => "stopping-criteria";

    /// <inheritdoc/>
    public void Run(ConformanceCase @case, Check check)
    {
        var tokens = new Lazy<TokenBytes>(() => new TokenBytes(Tokenizer.Load(@case.PathOf("tokenizer"))));
        int index = 0;
        foreach (JsonElement row in @case.Root.GetProperty("rows").EnumerateArray())
        {
            string criterion = row.GetProperty("criterion").GetString()!;
            bool stops = Create(criterion, row.GetProperty(criterion), tokens).Stops(row.GetProperty("input_ids").Integers(), 0);
            Check.Equal($"row {index} ({row})", row.GetProperty("stops").GetBoolean(), stops);
            index++;
        }
    }

    private static IStoppingCriterion Create(string criterion, JsonElement value, Lazy<TokenBytes> tokens) => criterion switch
    {
        "eos_token_id" => new EosTokenCriterion(value.ValueKind == JsonValueKind.Array ? value.Integers() : [value.GetInt32()]),
        "max_length" => new MaxLengthCriterion(LengthLimit.Total(value.GetInt32())),
        "stop_strings" => new StopStringCriterion(
            value.ValueKind == JsonValueKind.Array ? [.. value.EnumerateArray().Select(text => text.GetString()!)] : [value.GetString()!], tokens.Value.Of),
        _ => throw new NotYetException($"stopping criterion {criterion}"),
    };
}
