using System.Text.Json;
using Graft.Training.Optimizers;

namespace Graft.Conformance.Runners;

/// <summary><c>parameter-groups</c>: which parameter decays, and where LoRA+ puts it.</summary>
public sealed class ParameterGroupsRunner : ICaseRunner
{
    /// <inheritdoc/>
    public string Kind => "parameter-groups";

    /// <inheritdoc/>
    public void Run(ConformanceCase @case, Check check)
    {
        JsonElement[] rows = [.. @case.Root.GetProperty("parameters").EnumerateArray()];
        TrainableParameter[] parameters = [.. rows.Select(row => new TrainableParameter(
            row.GetProperty("name").GetString()!,
            [.. row.GetProperty("shape").EnumerateArray().Select(extent => extent.GetInt32())],
            row.GetProperty("module_type").GetString()!))];
        ParameterGrouping plain = WeightDecayRule.Group(parameters, 1e-3, @case.Root.GetProperty("weight_decay").GetDouble());
        ParameterGrouping? plus = @case.Has("loraplus") ? LoraPlusOf(@case.Root.GetProperty("loraplus")).Group(parameters) : null;
        for (int i = 0; i < rows.Length; i++)
        {
            check.Close($"{parameters[i].Name}: weight_decay", rows[i].GetProperty("weight_decay").GetDouble(), plain.Groups[plain.GroupOf[i]].WeightDecay);
            if (plus is not null)
            {
                ParameterGroup group = plus.Groups[plus.GroupOf[i]];
                check.Close($"{parameters[i].Name}: loraplus_lr", rows[i].GetProperty("loraplus_lr").GetDouble(), group.LearningRate);
                check.Close($"{parameters[i].Name}: loraplus_weight_decay", rows[i].GetProperty("loraplus_weight_decay").GetDouble(), group.WeightDecay);
            }
        }
    }

    private static LoraPlus LoraPlusOf(JsonElement element)
    {
        double Number(string key, double otherwise) => element.TryGetProperty(key, out JsonElement value) ? value.GetDouble() : otherwise;
        return new LoraPlus(
            Number("lr", 0),
            Number("loraplus_lr_ratio", 1),
            Number("loraplus_weight_decay", 0),
            Number("loraplus_lr_embedding", 1e-6));
    }
}
