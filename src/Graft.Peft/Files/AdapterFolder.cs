using System.Text.Json;
using Graft.Formats;
using Graft.Models;
using Graft.Tensors;

namespace Graft.Peft;

/// <summary>Writes adapter_model.safetensors and adapter_config.json.</summary>
internal static unsafe class AdapterFolder
{
    /// <summary>Writes the weights, then the config: a folder with a config is complete.</summary>
    public static void Write(string folder, Adapter adapter, LanguageModel model, bool? saveEmbeddingLayers)
    {
        var tensors = new Dictionary<string, Parameter>(StringComparer.Ordinal);
        foreach (AdapterParameter parameter in adapter.Parameters)
        {
            foreach (string key in parameter.Aliases.Prepend(parameter.Key))
            {
                tensors[key] = parameter.IsTransposed ? StoredValues.Transpose(parameter.Parameter) : parameter.Parameter;
            }
        }

        foreach ((string key, Parameter weight) in SavedEmbeddings.ToSave(adapter, model, saveEmbeddingLayers))
        {
            tensors.TryAdd(key, weight);
        }

        AdapterConfig config = adapter.Config with { InferenceMode = true };
        if (config.TaskType is null && config.AutoMapping is null)
        {
            config = config with { AutoMapping = AutoMapping(model) };
        }

        Directory.CreateDirectory(folder);
        SafetensorsWriter.Write(Path.Combine(folder, "adapter_model.safetensors"), tensors.Select(tensor => Source(tensor.Key, tensor.Value)));
        AtomicFile.WriteAllText(Path.Combine(folder, AdapterConfig.FileName), config.ToJson());
    }

    private static TensorSource Source(string key, Parameter parameter)
        => TensorSource.FromPointer(key, parameter.DType, [.. parameter.Shape.Select(size => (long)size)], (byte*)parameter.Data);

    /// <summary>PEFT needs the class of the base model where there is no task type.</summary>
    private static JsonElement? AutoMapping(LanguageModel model)
    {
        if (!model.Config.Reader.Root.TryGetProperty("architectures", out JsonElement names) || names.ValueKind != JsonValueKind.Array || names.GetArrayLength() == 0
            || names[0].ValueKind != JsonValueKind.String)
        {
            return null;
        }

        string type = model.Config.ModelType;
        string json = PythonJson.Write(new Dictionary<string, object?>
        {
            ["base_model_class"] = names[0].GetString(),
            ["parent_library"] = $"transformers.models.{type}.modeling_{type}",
        });
        using JsonDocument document = JsonDocument.Parse(json);
        return document.RootElement.Clone();
    }
}
