using System.Text.Json;
using Graft.Cli.Folders;
using Graft.Formats;
using Graft.Models;
using Graft.Peft;

namespace Graft.Cli.Inspection;

/// <summary>Adapter folders.</summary>
internal static class AdapterInspector
{
    /// <summary>Fields that every adapter has; the others are shown when they say something.</summary>
    private static readonly string[] Important = ["peft_type", "task_type", "base_model_name_or_path", "r", "lora_alpha", "lora_dropout", "target_modules"];

    private static readonly string[] Hidden = ["inference_mode", "megatron_core", "auto_mapping", "qalora_group_size", "runtime_config"];

    /// <summary>Inspects one.</summary>
    public static void Inspect(InspectionReport report, string folder, InspectionOptions options)
    {
        report.Kind = "adapter folder";
        AdapterConfig? config = null;
        report.Attempt(() => AddFields(report, ConfigReader.Open(Path.Combine(folder, AdapterConfig.FileName)).Root));
        report.Attempt(() => config = AdapterConfig.Load(folder));
        bool canBeTried = options.BaseModel is not null || BaseModelFolder.Find(folder, config?.BaseModelNameOrPath) is not null;
        AddWeights(report, folder, canBeTried ? null : config as LoraConfig);
        if (config is LoraConfig lora)
        {
            report.Fact("scaling", lora.ScalingOf(lora.R, lora.LoraAlpha));
        }

        if (config is null)
        {
            return;
        }

        if (config.UnknownFields.Count > 0)
        {
            report.Warn($"fields of {AdapterConfig.FileName} that Graft does not know, without effect: {string.Join(", ", config.UnknownFields.Keys.Order(StringComparer.Ordinal))}");
        }

        if (canBeTried)
        {
            AddFit(report, folder, config, options);
            return;
        }

        report.IsPartial = true;
        report.Note(config.BaseModelNameOrPath is { Length: > 0 } name
            ? $"the base model '{name}' is not a folder here; --model FOLDER checks whether the adapter fits"
            : "the adapter does not name its base model; --model FOLDER checks whether it fits");
    }

    private static void AddFields(InspectionReport report, JsonElement root)
    {
        if (root.TryGetProperty("peft_type", out JsonElement type) && type.ValueKind == JsonValueKind.String)
        {
            report.Kind = $"adapter folder ({type.GetString()})";
        }

        foreach (string name in Important)
        {
            if (root.TryGetProperty(name, out JsonElement value))
            {
                report.Fact(name, value);
            }
        }

        foreach (JsonProperty field in root.EnumerateObject().Where(field => !Hidden.Contains(field.Name) && !Important.Contains(field.Name) && SaysSomething(field.Value)).OrderBy(field => field.Name, StringComparer.Ordinal))
        {
            report.Fact(field.Name, field.Value);
        }
    }

    private static bool SaysSomething(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Null or JsonValueKind.False => false,
        JsonValueKind.Array => value.GetArrayLength() > 0,
        JsonValueKind.Object => value.EnumerateObject().Any(),
        _ => true,
    };

    /// <summary>What is in the weight file; without a base model to try it on, also whether it agrees with itself.</summary>
    private static void AddWeights(InspectionReport report, string folder, LoraConfig? alone) => report.Attempt(() =>
    {
        using CheckpointFolder weights = CheckpointFolder.Open(folder, "adapter_model");
        TensorInspector.Describe(report, weights);
        TensorInspector.ReadValues(report, weights);
        TensorEntry[] ups = [.. weights.Tensors.Values.Where(tensor => tensor.Name.Contains("lora_B", StringComparison.Ordinal) || tensor.Name.Contains("lora_embedding_B", StringComparison.Ordinal))];
        if (ups.Length > 0 && Array.TrueForAll(ups, ValueScan.IsZero))
        {
            report.Warn("every B is zero: the adapter has not been trained and changes nothing");
        }

        if (alone is not null)
        {
            LoraKeys.Check(report, weights, alone);
        }
    });

    /// <summary>Loads it onto its base model.</summary>
    private static void AddFit(InspectionReport report, string folder, AdapterConfig config, InspectionOptions options)
    {
        string baseFolder = string.Empty;
        PeftModel? model = null;
        bool isLoaded = report.Attempt(() =>
        {
            baseFolder = BaseModelFolder.Require(folder, config, options.BaseModel);
            model = new PeftModel(LanguageModel.Load(baseFolder, options.Quantization));
        });
        using (model)
        {
            if (!isLoaded)
            {
                report.Note("the base model does not load, so whether the adapter fits is not known");
                return;
            }

            report.Fact("base_model", $"{baseFolder} ({model!.Base.Config.ModelType})");
            bool fits = report.Attempt(() => model.LoadAdapter(folder, trainable: true));
            report.Fact("fits", fits);
            if (fits)
            {
                (long trainable, long all) = model.CountParameters();
                report.Fact("parameters", trainable);
                report.Fact("parameters_percent", Math.Round(100.0 * trainable / all, 4));
            }
        }
    }
}
