using System.Text.Json;
using Graft.Formats;
using Graft.Models;

namespace Graft.Conformance;

/// <summary>Kind <c>model-refuse</c>: folders that must be refused with a clear error, and look-alikes that must load.</summary>
public sealed class ModelRefuseRunner : ICaseRunner
{
    /// <inheritdoc/>
    public string Kind => "model-refuse";

    /// <inheritdoc/>
    public void Run(ConformanceCase @case, Check check)
    {
        string folder = @case.PathOf("model");
        if (@case.Root.GetProperty("refuse").GetBoolean())
        {
            IEnumerable<string> expect = @case.Root.GetProperty("expect").EnumerateArray().Select(word => word.GetString()!);
            ThrowIfFamilyIsMissing(folder);
            Check.Refuses("the folder", expect, () => LanguageModel.Load(folder).Dispose());
            return;
        }

        using LanguageModel model = CaseJson.LoadModel(folder);
        using SafetensorsFile expected = SafetensorsFile.Open(@case.PathOf("tensors"));
        using var harness = new ModelHarness(model);
        List<CaseSequence> sequences = @case.Sequences();
        for (int i = 0; i < sequences.Count; i++)
        {
            check.Close($"logits.{i}", ModelHarness.Expected(expected, $"logits.{i}"), harness.Logits(sequences[i]));
        }
    }

    /// <summary>A family that Graft lacks would be refused for the wrong reason; one that nobody knows is the case's point.</summary>
    private static void ThrowIfFamilyIsMissing(string folder)
    {
        string[] later = ["gpt_neo", "mistral", "mixtral", "falcon", "gptj", "gpt_neox", "opt", "xglm", "qwen2", "qwen3", "qwen2_moe", "qwen3_moe", "smollm3", "ernie4_5", "ministral", "ministral3", "codegen", "gpt_bigcode", "t5", "gemma", "gemma2", "gemma3", "phi", "phi3"];
        try
        {
            using JsonDocument config = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "config.json")));
            if (config.RootElement.TryGetProperty("model_type", out JsonElement type) && later.Contains(type.GetString())
                && !ModelFamilies.All.Any(family => family.ModelType == type.GetString()))
            {
                throw new NotYetException($"model family '{type.GetString()}'");
            }
        }
        catch (JsonException)
        {
            // A broken config.json is what some cases are about.
            return;
        }
    }
}
