using System.Text.Json;
using Graft.Models;

namespace Graft.Generation;

/// <content>Reading and writing.</content>
public sealed partial class GenerationConfig
{
    private const string OwnFile = "generation_config.json";
    private const string ModelFile = "config.json";

    // Where composite models keep what config.json lacks at the top.
    private static readonly string[] TextConfigKeys = ["decoder", "generator", "text_config"];
    private static readonly string[] SpecialTokenKeys = ["bos_token_id", "eos_token_id", "pad_token_id", "decoder_start_token_id"];

    /// <summary>
    /// The settings of a model folder: its generation_config.json, else those in config.json, else nothing but defaults.
    /// </summary>
    /// <param name="folder">A Hugging Face model folder.</param>
    /// <exception cref="InvalidDataException">A file is not JSON, or a setting has the wrong type.</exception>
    public static GenerationConfig Load(string folder)
    {
        ArgumentNullException.ThrowIfNull(folder);
        string own = Path.Combine(folder, OwnFile);
        if (File.Exists(own))
        {
            return ReadFile(own, FromJson);
        }

        string model = Path.Combine(folder, ModelFile);
        return File.Exists(model) ? ReadFile(model, FromModelConfig) : new GenerationConfig();
    }

    /// <summary>The settings of a model: those of its folder, or of its config.json where it has none.</summary>
    /// <param name="model">The model.</param>
    /// <exception cref="InvalidDataException">A file is not JSON, or a setting has the wrong type.</exception>
    public static GenerationConfig Of(LanguageModel model)
    {
        ArgumentNullException.ThrowIfNull(model);
        if (model.Folder is { } folder && File.Exists(Path.Combine(folder, OwnFile)))
        {
            return Load(folder);
        }

        // Some families have end tokens that config.json need not spell out.
        GenerationConfig config = FromModelConfig(model.Config.Reader.Root);
        config.EosTokenId ??= model.Config.EosTokenIds is { Count: > 0 } endTokens ? endTokens : null;
        return config;
    }

    /// <summary>Settings from a JSON object. Keys that Graft does not know are kept in <see cref="Other"/>.</summary>
    /// <param name="settings">The object.</param>
    /// <exception cref="InvalidDataException">A setting has the wrong type.</exception>
    public static GenerationConfig FromJson(JsonElement settings)
    {
        var config = new GenerationConfig();
        config.Apply(settings);
        return config;
    }

    /// <summary>The generation settings inside a model's config.json; its other keys are not kept.</summary>
    /// <param name="modelConfig">The whole config.json.</param>
    /// <exception cref="InvalidDataException">A setting has the wrong type.</exception>
    public static GenerationConfig FromModelConfig(JsonElement modelConfig)
    {
        RequireObject(modelConfig);
        var config = new GenerationConfig();
        foreach (GenerationConfigField field in GenerationConfigField.All)
        {
            if (modelConfig.TryGetProperty(field.Key, out JsonElement value) || IsInTextConfig(modelConfig, field.Key, out value))
            {
                field.Read(config, value);
            }
        }

        return config;
    }

    /// <summary>Sets every key of a JSON object, as keyword arguments do: null unsets.</summary>
    /// <param name="settings">The object.</param>
    /// <exception cref="InvalidDataException">A setting has the wrong type.</exception>
    public void Apply(JsonElement settings)
    {
        RequireObject(settings);
        foreach (JsonProperty setting in settings.EnumerateObject())
        {
            if (GenerationConfigField.All.FirstOrDefault(field => field.Key == setting.Name) is { } field)
            {
                field.Read(this, setting.Value);
            }
            else
            {
                _other[setting.Name] = setting.Value.Clone();
            }
        }
    }

    /// <summary>Writes the settings that are set, sorted by key.</summary>
    /// <param name="writer">Where to.</param>
    public void WriteTo(Utf8JsonWriter writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        var writes = new SortedDictionary<string, Action>(StringComparer.Ordinal);
        foreach (GenerationConfigField field in GenerationConfigField.All)
        {
            writes[field.Key] = () => field.Write(this, writer);
        }

        foreach ((string key, JsonElement value) in _other)
        {
            writes[key] = () =>
            {
                writer.WritePropertyName(key);
                value.WriteTo(writer);
            };
        }

        writer.WriteStartObject();
        foreach (Action write in writes.Values)
        {
            write();
        }

        writer.WriteEndObject();
    }

    private static bool IsInTextConfig(JsonElement modelConfig, string key, out JsonElement value)
    {
        value = default;
        if (!SpecialTokenKeys.Contains(key))
        {
            return false;
        }

        foreach (string part in TextConfigKeys)
        {
            if (modelConfig.TryGetProperty(part, out JsonElement text) && text.ValueKind == JsonValueKind.Object && text.TryGetProperty(key, out value))
            {
                return true;
            }
        }

        return false;
    }

    private static void RequireObject(JsonElement settings)
    {
        if (settings.ValueKind != JsonValueKind.Object)
        {
            throw new InvalidDataException($"generation settings must be a JSON object, not {settings.ValueKind}.");
        }
    }

    private static GenerationConfig ReadFile(string path, Func<JsonElement, GenerationConfig> read)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(path));
            return read(document.RootElement);
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"'{path}' is not JSON: line {e.LineNumber + 1}, byte {e.BytePositionInLine + 1}: {e.Message}", e);
        }
        catch (InvalidDataException e)
        {
            throw new InvalidDataException($"'{path}': {e.Message}", e);
        }
    }
}
