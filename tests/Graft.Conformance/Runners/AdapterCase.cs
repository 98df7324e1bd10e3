using System.Text.Json;
using Graft.Models;
using Graft.Peft;
using Graft.Tensors;

namespace Graft.Conformance;

/// <summary>What the kinds about adapters share: loading, names of gradients, and the difference between refused and not yet done.</summary>
internal static class AdapterCase
{
    /// <summary>The case's base model with no adapter.</summary>
    public static PeftModel LoadModel(string folder) => new(CaseJson.LoadModel(folder));

    /// <summary>A config given by its fields.</summary>
    public static AdapterConfig ParseConfig(JsonElement fields, string type = "LORA")
    {
        var node = System.Text.Json.Nodes.JsonObject.Create(fields)!;
        node.TryAdd("peft_type", type);
        AdapterConfig? config = null;
        OrNotYet(() => config = AdapterConfig.Parse(node.ToJsonString()));
        return config!;
    }

    /// <summary>Runs <paramref name="action"/>; what the product says it does not support becomes "not yet".</summary>
    public static void OrNotYet(Action action)
    {
        try
        {
            action();
        }
        catch (NotSupportedException e) when (e.Message.Contains("not supported yet", StringComparison.Ordinal) || e.Message.Contains("not read yet", StringComparison.Ordinal))
        {
            throw new NotYetException(Reason(e.Message));
        }
    }

    /// <summary>Tasks other than language modelling need other heads.</summary>
    public static void RequireLanguageModel(ConformanceCase @case)
    {
        if (@case.Has("task") && @case.Root.GetProperty("task").GetString() is { } task && task is not ("CAUSAL_LM" or "SEQ_2_SEQ_LM"))
        {
            throw new NotYetException($"task {task}");
        }
    }

    /// <summary>The gradient of a parameter.</summary>
    public static unsafe float[] Gradient(Parameter parameter) => new ReadOnlySpan<float>(parameter.Gradient, (int)parameter.Count).ToArray();

    /// <summary>All base weights, by name, a tied one under each of its names.</summary>
    public static Dictionary<string, float[]> Weights(LanguageModel model)
        => model.NamedWeights().ToDictionary(weight => weight.Name, weight => weight.Slot.Original.ToArray(), StringComparer.Ordinal);

    /// <summary>Compares every sequence's logits with the arrays <c>PREFIX.i</c>.</summary>
    public static void CheckLogits(Check check, ExpectedArrays expected, string prefix, IReadOnlyList<CaseSequence> sequences, ModelHarness harness)
    {
        for (int i = 0; i < sequences.Count; i++)
        {
            check.Close($"{prefix}.{i}", expected[$"{prefix}.{i}"], harness.Logits(sequences[i]));
        }
    }

    /// <summary>Compares two configs value by value; lists of modules are sets, and versions may differ.</summary>
    public static void CheckConfig(string what, JsonElement expected, string actual)
    {
        using JsonDocument document = JsonDocument.Parse(actual);
        JsonElement root = document.RootElement;
        Check.Equal($"{what}: fields", [.. expected.EnumerateObject().Select(field => field.Name).Order(StringComparer.Ordinal)], [.. root.EnumerateObject().Select(field => field.Name)]);
        foreach (JsonProperty field in expected.EnumerateObject())
        {
            JsonElement value = root.GetProperty(field.Name);
            bool isSet = field.Name is "target_modules" or "exclude_modules" or "modules_to_save" or "feedforward_modules" && field.Value.ValueKind == JsonValueKind.Array && value.ValueKind == JsonValueKind.Array;
            string wanted = isSet ? Set(field.Value) : Canonical(field.Value);
            Check.Equal($"{what}: {field.Name}", wanted, isSet ? Set(value) : Canonical(value));
        }
    }

    /// <summary>A folder of its own that is deleted afterwards.</summary>
    public static void InTemporaryFolder(Action<string> action)
    {
        string folder = Directory.CreateTempSubdirectory("graft-conformance-").FullName;
        try
        {
            action(folder);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static string Reason(string message)
    {
        // The path in front differs from machine to machine.
        int start = message.LastIndexOf(".json: ", StringComparison.Ordinal);
        return start < 0 ? message : message[(start + ".json: ".Length)..];
    }

    private static string Set(JsonElement list) => string.Join(' ', list.EnumerateArray().Select(item => item.GetString()).Distinct().Order(StringComparer.Ordinal));

    private static string Canonical(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Number => value.GetDouble().ToString("R"),
        JsonValueKind.Object => $"{{{string.Join(',', value.EnumerateObject().Select(member => $"{member.Name}:{Canonical(member.Value)}").Order(StringComparer.Ordinal))}}}",
        JsonValueKind.Array => $"[{string.Join(',', value.EnumerateArray().Select(Canonical))}]",
        _ => value.GetRawText(),
    };
}
