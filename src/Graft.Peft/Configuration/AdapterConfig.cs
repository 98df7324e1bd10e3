using System.Text.Json;
using Graft.Models;

namespace Graft.Peft;

/// <summary>What every adapter_config.json says, whatever the method. Property names are PEFT's, in C# case.</summary>
public abstract record AdapterConfig
{
    /// <summary>The version of PEFT whose files are read and written here.</summary>
    public const string PeftVersion = "0.21.2";

    /// <summary>Name of the file.</summary>
    public const string FileName = "adapter_config.json";

    private static readonly string[] TaskTypes = ["SEQ_CLS", "SEQ_2_SEQ_LM", "CAUSAL_LM", "TOKEN_CLS", "QUESTION_ANS", "FEATURE_EXTRACTION"];

    /// <summary>Defaults.</summary>
    protected AdapterConfig()
    {
    }

    /// <summary>The fields that all methods share.</summary>
    /// <param name="reader">The adapter_config.json.</param>
    protected AdapterConfig(ConfigReader reader)
    {
        ArgumentNullException.ThrowIfNull(reader);
        TaskType = OptionalText(reader, "task_type");
        BaseModelNameOrPath = OptionalText(reader, "base_model_name_or_path");
        Revision = OptionalText(reader, "revision");
        InferenceMode = reader.Flag(false, "inference_mode");
        ModulesToSave = Names(reader, "modules_to_save");
        if (reader.Has("auto_mapping"))
        {
            AutoMapping = reader.Root.GetProperty("auto_mapping");
        }
    }

    /// <summary>The method: <c>LORA</c>, <c>IA3</c> ...</summary>
    public abstract string PeftType { get; }

    /// <summary>What the model is used for, or null.</summary>
    public string? TaskType { get; init; }

    /// <summary>Name or folder of the base model; filled from the model when null.</summary>
    public string? BaseModelNameOrPath { get; init; }

    /// <summary>Revision of the base model, or null.</summary>
    public string? Revision { get; init; }

    /// <summary>Whether the adapter is frozen. Files always say true.</summary>
    public bool InferenceMode { get; init; }

    /// <summary>Modules that get a trainable copy of their own and are saved with the adapter; null for none.</summary>
    /// <remarks>An entry matches every path that ends with it, at a dot or not: <c>head</c> is also <c>lm_head</c>.</remarks>
    public IReadOnlyList<string>? ModulesToSave { get; init; }

    /// <summary>Class of the base model, for adapters without a task type.</summary>
    public JsonElement? AutoMapping { get; init; }

    /// <summary>Fields of the file that this version does not know, as they are. They have no effect, so tell the user; saving keeps them.</summary>
    public IReadOnlyDictionary<string, JsonElement> UnknownFields { get; init; } = new Dictionary<string, JsonElement>();

    /// <summary>Reads an adapter_config.json.</summary>
    /// <param name="folderOrFile">The file, or the folder that it lies in.</param>
    /// <exception cref="FileNotFoundException">There is none.</exception>
    /// <exception cref="InvalidDataException">It is not JSON, or a field has a value that it cannot have; the message names the field.</exception>
    /// <exception cref="NotSupportedException">A method that Graft does not know.</exception>
    public static AdapterConfig Load(string folderOrFile)
    {
        ArgumentException.ThrowIfNullOrEmpty(folderOrFile);
        string path = Directory.Exists(folderOrFile) ? Path.Combine(folderOrFile, FileName) : folderOrFile;
        if (!File.Exists(path))
        {
            throw new FileNotFoundException($"{path} does not exist: an adapter folder needs an {FileName}{OtherAdapters(folderOrFile)}", path);
        }

        return Parse(File.ReadAllText(path), path);
    }

    /// <summary>Reads the text of an adapter_config.json.</summary>
    /// <param name="json">The text.</param>
    /// <param name="path">What to call it in errors.</param>
    /// <exception cref="InvalidDataException">It is not JSON, or a field has a value that it cannot have; the message names the field.</exception>
    /// <exception cref="NotSupportedException">A method that Graft does not know.</exception>
    public static AdapterConfig Parse(string json, string path = FileName)
    {
        ConfigReader reader = ConfigReader.Parse(json, path);
        string type = reader.Text(string.Empty, "peft_type");
        if (type.Length == 0)
        {
            throw reader.Error($"peft_type is missing; known are {AdapterMethods.Known()}");
        }

        try
        {
            AdapterConfig config = AdapterMethods.Of(type).ReadConfig(reader);
            config = config with { UnknownFields = config.FindUnknown(reader.Root) };
            config.Validate();
            return config;
        }
        catch (ArgumentException e)
        {
            throw new InvalidDataException($"{path}: {e.Message}", e);
        }
        catch (NotSupportedException e)
        {
            throw new NotSupportedException($"{path}: {e.Message}", e);
        }
    }

    /// <summary>The file as PEFT writes it: keys sorted, two spaces, no newline at the end.</summary>
    public string ToJson() => PythonJson.Write(Fields()
        .Concat(UnknownFields.Select(field => (Name: field.Key, Value: (object?)field.Value)))
        .Select(field => KeyValuePair.Create(field.Name, field.Value)));

    /// <summary>Checks what can be checked without a model.</summary>
    /// <exception cref="ArgumentException">A field has a value that it cannot have; the message names the field.</exception>
    public virtual void Validate()
    {
        if (TaskType is not null && !TaskTypes.Contains(TaskType))
        {
            throw new ArgumentException($"task_type '{TaskType}' is unknown; known are {string.Join(", ", TaskTypes)}");
        }
    }

    /// <summary>Every field of the file with its value, in any order.</summary>
    internal virtual IEnumerable<(string Name, object? Value)> Fields()
    {
        yield return ("auto_mapping", AutoMapping);
        yield return ("base_model_name_or_path", BaseModelNameOrPath);
        yield return ("inference_mode", InferenceMode);
        yield return ("modules_to_save", ModulesToSave);
        yield return ("peft_type", PeftType);
        yield return ("peft_version", PeftVersion);
        yield return ("revision", Revision);
        yield return ("task_type", TaskType);
    }

    /// <summary>A text or null.</summary>
    private protected static string? OptionalText(ConfigReader reader, string name) => reader.Has(name) ? reader.Text(string.Empty, name) : null;

    /// <summary>A list of texts, or null.</summary>
    private protected static IReadOnlyList<string>? Names(ConfigReader reader, string name) => Selection(reader, name) switch
    {
        null => null,
        { Text: { } text } => [text],
        { } names => names,
    };

    /// <summary>A text or a list of texts, or null.</summary>
    private protected static ModuleSelection? Selection(ConfigReader reader, string name)
    {
        if (!reader.Has(name))
        {
            return null;
        }

        JsonElement element = reader.Root.GetProperty(name);
        if (element.ValueKind == JsonValueKind.String)
        {
            return ModuleSelection.FromString(element.GetString()!);
        }

        return element.ValueKind == JsonValueKind.Array && element.EnumerateArray().All(item => item.ValueKind == JsonValueKind.String)
            ? ModuleSelection.Create([.. element.EnumerateArray().Select(item => item.GetString()!)])
            : throw reader.Error($"{name} must be a list of names or a text, but is {element.GetRawText()}");
    }

    private static string OtherAdapters(string folder)
    {
        if (!Directory.Exists(folder))
        {
            return string.Empty;
        }

        string[] found = [.. Directory.EnumerateDirectories(folder)
            .Where(child => File.Exists(Path.Combine(child, FileName)))
            .Select(child => Path.GetFileName(child)).Order(StringComparer.Ordinal)];
        return found.Length == 0 ? string.Empty : $"; the folder holds named adapters, give one of them: {string.Join(", ", found)}";
    }

    private Dictionary<string, JsonElement> FindUnknown(JsonElement root)
    {
        // peft ignores runtime_config in files: it is about the machine that wrote them.
        var known = new HashSet<string>(Fields().Select(field => field.Name), StringComparer.Ordinal) { "runtime_config" };
        var unknown = new Dictionary<string, JsonElement>(StringComparer.Ordinal);
        foreach (JsonProperty field in root.EnumerateObject().Where(field => !known.Contains(field.Name)))
        {
            unknown[field.Name] = field.Value;
        }

        return unknown;
    }
}
