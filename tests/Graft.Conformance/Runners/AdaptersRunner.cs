using System.Text.Json;
using Graft.Peft;

namespace Graft.Conformance;

/// <summary>Kind <c>adapters</c>: several adapters of a method in turn and together, a weighted combination, and loading with and without training.</summary>
public sealed class AdaptersRunner : ICaseRunner
{
    /// <inheritdoc/>
    public string Kind => "adapters";

    /// <inheritdoc/>
    public void Run(ConformanceCase @case, Check check)
    {
        AdapterCase.RequireLanguageModel(@case);
        if (@case.Has("mixed"))
        {
            throw new NotYetException("adapters of different methods on one model");
        }

        foreach (JsonProperty adapter in @case.Root.GetProperty("adapters").EnumerateObject())
        {
            AdapterCase.OrNotYet(() => AdapterConfig.Load(@case.Resolve(adapter.Value.GetString()!)));
        }

        if (@case.Has("loads"))
        {
            foreach (JsonElement load in @case.Root.GetProperty("loads").EnumerateArray())
            {
                CheckLoad(@case, load);
            }
        }

        if (@case.Has("states"))
        {
            CheckStates(@case, check);
        }
    }

    private static void CheckLoad(ConformanceCase @case, JsonElement load)
    {
        using PeftModel model = AdapterCase.LoadModel(@case.PathOf("model"));
        model.LoadAdapter(@case.Resolve(@case.Root.GetProperty("adapters").GetProperty("default").GetString()!), trainable: load.GetProperty("is_trainable").GetBoolean());
        Check.Equal("inference_mode", load.GetProperty("inference_mode").GetBoolean(), model.ConfigOf("default").InferenceMode);
        (long trainable, long all) = model.CountParameters();
        Check.Equal("trainable_parameters", load.GetProperty("trainable_parameters").GetInt64(), trainable);
        Check.Equal("all_parameters", load.GetProperty("all_parameters").GetInt64(), all);
        Check.Equal("printed", load.GetProperty("printed").GetString(), model.PrintTrainableParameters());
    }

    private static void CheckStates(ConformanceCase @case, Check check)
    {
        using PeftModel model = AdapterCase.LoadModel(@case.PathOf("model"));
        foreach (JsonProperty adapter in @case.Root.GetProperty("adapters").EnumerateObject())
        {
            model.LoadAdapter(@case.Resolve(adapter.Value.GetString()!), adapter.Name, trainable: true);
        }

        ExpectedArrays expected = ExpectedArrays.Of(@case);
        if (@case.Has("weighted"))
        {
            CheckWeighted(check, expected, model, @case.Root.GetProperty("weighted"));
        }

        using var harness = new ModelHarness(model.Base);
        List<CaseSequence> sequences = @case.Sequences();
        foreach (JsonElement state in @case.Root.GetProperty("states").EnumerateArray())
        {
            string label = state.GetProperty("label").GetString()!;
            model.SetAdapter([.. state.GetProperty("active").EnumerateArray().Select(name => name.GetString()!)]);
            AdapterCase.CheckLogits(check, expected, $"logits.{label}", sequences, harness);
            check.Close($"loss of {label}", state.GetProperty("loss").GetDouble(), harness.Loss(sequences).Loss);
            if (state.TryGetProperty("trainable_parameters", out JsonElement count))
            {
                Check.Equal($"trainable_parameters of {label}", (count.GetInt64(), state.GetProperty("all_parameters").GetInt64()), model.CountParameters());
            }
        }
    }

    private static void CheckWeighted(Check check, ExpectedArrays expected, PeftModel model, JsonElement weighted)
    {
        string name = weighted.GetProperty("name").GetString()!;
        double[] weights = [.. weighted.GetProperty("weights").EnumerateArray().Select(weight => weight.GetDouble())];
        model.AddWeightedAdapter([.. weighted.GetProperty("adapters").EnumerateArray().Select(adapter => adapter.GetString()!)], new WeightedCombination(weights), name);
        AdapterCase.InTemporaryFolder(folder =>
        {
            model.SaveAdapter(folder, name);
            using Formats.SafetensorsFile file = Formats.SafetensorsFile.Open(Path.Combine(folder, name, "adapter_model.safetensors"));
            foreach (string key in expected.Names.Where(key => key.StartsWith("combined.", StringComparison.Ordinal)))
            {
                Formats.TensorEntry tensor = file.TryGet(key["combined.".Length..], out Formats.TensorEntry? found) ? found : throw new MismatchException($"the new adapter has no {key}");
                check.Close(key, expected[key], tensor.ToSingles());
            }
        });
    }
}
