using System.Text.Json;
using Graft.Models;

namespace Graft.Conformance.Runners;

/// <summary><c>quantized-modules</c>: which layers of a model are quantised, and how its parameters are counted.</summary>
public sealed class QuantizedModulesRunner : ICaseRunner
{
    private static readonly string[] Suffixes = ["ForCausalLM", "ForConditionalGeneration", "LMHeadModel"];

    /// <inheritdoc/>
    public string Kind => "quantized-modules";

    /// <inheritdoc/>
    public void Run(ConformanceCase @case, Check check)
    {
        var missing = new SortedSet<string>(StringComparer.Ordinal);
        foreach (JsonElement item in @case.Root.GetProperty("models").EnumerateArray())
        {
            string type = item.GetProperty("config").GetProperty("model_type").GetString()!;
            string className = item.GetProperty("class").GetString()!;
            if (!ModelFamilies.All.Any(family => family.ModelType == type) || !Suffixes.Any(suffix => className.EndsWith(suffix, StringComparison.Ordinal)))
            {
                missing.Add(className);
                continue;
            }

            Compare($"{className} {item.GetProperty("quantization").GetRawText()}", item);
        }

        if (missing.Count > 0)
        {
            throw new NotYetException($"model classes {string.Join(", ", missing)} (the others agree)");
        }
    }

    private static void Compare(string what, JsonElement item)
    {
        using LanguageModel model = LanguageModel.Create(ConfigReader.Parse(item.GetProperty("config").GetRawText()), seed: 1);
        ModelQuantization.Quantize(model, QuantizationConfig.Read(ConfigReader.Parse(item.GetProperty("quantization").GetRawText())));
        Linear[] layers = [.. model.NamedModules().OfType<Linear>()];
        string[] Expected(string property) => [.. item.GetProperty(property).EnumerateArray().Select(name => name.GetString()!).Order(StringComparer.Ordinal)];
        Check.Equal($"{what}: quantized_modules", Expected("quantized_modules"), [.. layers.Where(layer => layer.Weight.Original.Quantized is not null).Select(layer => layer.Name).Order(StringComparer.Ordinal)]);
        Check.Equal($"{what}: linear_modules_left_alone", Expected("linear_modules_left_alone"), [.. layers.Where(layer => layer.Weight.Original.Quantized is null).Select(layer => layer.Name).Order(StringComparer.Ordinal)]);
        using var peft = new Graft.Peft.PeftModel(model, ownsModel: false);
        Check.Equal($"{what}: parameters_as_printed", item.GetProperty("parameters_as_printed").GetInt64(), peft.CountParameters().All);
    }
}
