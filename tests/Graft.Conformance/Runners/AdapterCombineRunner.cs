using System.Text.Json;
using Graft.Formats;
using Graft.Peft;

namespace Graft.Conformance;

/// <summary>Kind <c>adapter-combine</c>: several adapters on one model, active together, switched, deleted, merged, joined into one.</summary>
public sealed class AdapterCombineRunner : ICaseRunner
{
    /// <inheritdoc/>
    public string Kind => "adapter-combine";

    /// <inheritdoc/>
    public void Run(ConformanceCase @case, Check check)
    {
        JsonElement operation = @case.Root.GetProperty("operation");
        string type = operation.GetProperty("type").GetString()!;
        Action<Combination> run = type switch
        {
            "active" => RunActive,
            "add_weighted_adapter" => RunWeighted,
            "disable" => RunDisable,
            "set_adapter" => RunSet,
            "delete_adapter" => RunDelete,
            "merge_and_unload" => RunMergeAndUnload,
            _ => throw new NotYetException($"operation {type}"),
        };
        using PeftModel model = AdapterCase.LoadModel(@case.PathOf("model"));
        foreach (JsonProperty adapter in @case.Root.GetProperty("adapters").EnumerateObject())
        {
            AdapterCase.OrNotYet(() => model.LoadAdapter(@case.Resolve(adapter.Value.GetString()!), adapter.Name));
        }

        using var harness = new ModelHarness(model.Base);
        run(new Combination(@case, check, operation, model, harness, ExpectedArrays.Of(@case)));
    }

    private static void RunWeighted(Combination combination)
    {
        const string Name = "combined";
        (PeftModel model, JsonElement operation) = (combination.Model, combination.Operation);
        double[] weights = [.. operation.GetProperty("weights").EnumerateArray().Select(weight => weight.GetDouble())];
        model.AddWeightedAdapter(Names(operation.GetProperty("adapters")), Arguments(operation, weights), Name);
        combination.CheckActive();
        var config = (LoraConfig)model.ConfigOf(Name);
        using JsonDocument saved = JsonDocument.Parse(config.ToJson());
        foreach (JsonProperty field in combination.Case.Root.GetProperty("result_config").EnumerateObject())
        {
            JsonElement value = saved.RootElement.GetProperty(field.Name);
            bool isSet = field.Value.ValueKind == JsonValueKind.Array;
            Check.Equal(field.Name, isSet ? string.Join(' ', Names(field.Value).Order(StringComparer.Ordinal)) : field.Value.GetRawText(), isSet ? string.Join(' ', Names(value).Order(StringComparer.Ordinal)) : value.GetRawText());
        }

        AdapterCase.InTemporaryFolder(folder =>
        {
            model.SaveAdapter(folder, Name);
            using SafetensorsFile file = SafetensorsFile.Open(Path.Combine(folder, Name, "adapter_model.safetensors"));
            CheckTensors(combination, file);
        });
        model.SetAdapter(Name);
        combination.CheckLogits("logits");
    }

    private static WeightedCombination Arguments(JsonElement operation, double[] weights) => new(weights)
    {
        CombinationType = operation.GetProperty("combination_type").GetString()!,
        SvdRank = operation.TryGetProperty("svd_rank", out JsonElement rank) ? rank.GetInt32() : null,
        Density = operation.TryGetProperty("density", out JsonElement density) ? density.GetDouble() : null,
        MajoritySignMethod = operation.TryGetProperty("majority_sign_method", out JsonElement method) ? method.GetString()! : "total",
    };

    /// <summary>The new adapter's tensors, or their product where a singular value decomposition leaves signs open.</summary>
    private static void CheckTensors(Combination combination, SafetensorsFile file)
    {
        foreach (string name in combination.Expected.Names)
        {
            if (name.StartsWith("adapter.", StringComparison.Ordinal))
            {
                combination.Check.Close(name, combination.Expected[name], Tensor(file, name["adapter.".Length..]).ToSingles());
            }
            else if (name.StartsWith("product.", StringComparison.Ordinal))
            {
                string module = $"base_model.model.{name["product.".Length..]}";
                bool isEmbedding = file.TryGet($"{module}.lora_embedding_A", out _);
                TensorEntry a = Tensor(file, isEmbedding ? $"{module}.lora_embedding_A" : $"{module}.lora_A.weight");
                TensorEntry b = Tensor(file, isEmbedding ? $"{module}.lora_embedding_B" : $"{module}.lora_B.weight");
                combination.Check.Close(name, combination.Expected[name], Product(b, a));
            }
        }
    }

    private static TensorEntry Tensor(SafetensorsFile file, string key) => file.TryGet(key, out TensorEntry? entry) ? entry : throw new MismatchException($"the new adapter has no {key}");

    private static float[] Product(TensorEntry b, TensorEntry a)
    {
        (int rows, int rank, int columns) = ((int)b.Shape[0], (int)b.Shape[1], (int)a.Shape[1]);
        (float[] left, float[] right) = (b.ToSingles(), a.ToSingles());
        return [.. Enumerable.Range(0, rows * columns).Select(i => (float)Enumerable.Range(0, rank).Sum(k => (double)left[(i / columns * rank) + k] * right[(k * columns) + (i % columns)]))];
    }

    private static void RunActive(Combination combination)
    {
        (PeftModel model, JsonElement operation) = (combination.Model, combination.Operation);
        model.SetAdapter(Names(operation.GetProperty("active")));
        if (operation.TryGetProperty("scale", out JsonElement scale))
        {
            foreach (string name in model.ActiveAdapters)
            {
                model.SetScale(name, (float)scale.GetDouble());
            }
        }

        combination.CheckLogits("logits");
        if (operation.TryGetProperty("merge", out JsonElement merge) && merge.GetBoolean())
        {
            Dictionary<string, float[]> before = AdapterCase.Weights(model.Base);
            model.MergeAdapter();
            combination.CheckLogits("merged.logits");
            model.UnmergeAdapter();
            foreach ((string name, float[] values) in AdapterCase.Weights(model.Base))
            {
                Check.Equal($"{name} after unmerging", before[name], values);
            }

            combination.CheckLogits("logits");
        }
    }

    private static void RunDisable(Combination combination)
    {
        using (combination.Model.DisableAdapters())
        {
            combination.CheckLogits("logits");
        }

        combination.CheckLogits("after.logits");
    }

    private static void RunSet(Combination combination)
    {
        combination.CheckLogits("first.logits");
        combination.Model.SetAdapter(combination.Operation.GetProperty("set").GetString()!);
        combination.CheckLogits("logits");
    }

    private static void RunDelete(Combination combination)
    {
        PeftModel model = combination.Model;
        string deleted = combination.Operation.GetProperty("delete").GetString()!;
        bool wasActive = model.ActiveAdapters.SequenceEqual([deleted]);
        model.DeleteAdapter(deleted);
        combination.CheckActive();
        if (wasActive && model.AdapterNames.Select(name => $"{((LayerAdapterConfig)model.ConfigOf(name)).TargetModules}").Distinct().Count() > 1)
        {
            throw new NotYetException("peft picks the next adapter layer by layer, a mixture where the adapters target different layers; Graft activates one as a whole");
        }

        combination.CheckLogits("logits");
    }

    private static void RunMergeAndUnload(Combination combination)
    {
        if (combination.Operation.TryGetProperty("active", out JsonElement active))
        {
            combination.Model.SetAdapter(Names(active));
        }

        combination.Model.MergeAndUnload(Names(combination.Operation.GetProperty("adapter_names")));
        combination.CheckLogits("logits");
        Dictionary<string, float[]> weights = AdapterCase.Weights(combination.Model.Base);
        foreach (string name in combination.Expected.Names.Where(name => name.StartsWith("merged.", StringComparison.Ordinal)))
        {
            combination.Check.Close(name, combination.Expected[name], weights[name["merged.".Length..]]);
        }
    }

    private static string[] Names(JsonElement list) => [.. list.EnumerateArray().Select(name => name.GetString()!)];

    /// <summary>What the operations share.</summary>
    private sealed record Combination(ConformanceCase Case, Check Check, JsonElement Operation, PeftModel Model, ModelHarness Harness, ExpectedArrays Expected)
    {
        public void CheckActive() => Conformance.Check.Equal("active adapters", Names(Case.Root.GetProperty("result_active")), Model.ActiveAdapters);

        public void CheckLogits(string prefix) => AdapterCase.CheckLogits(Check, Expected, prefix, Case.Sequences(), Harness);
    }
}
