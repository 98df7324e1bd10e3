using System.Text;
using Graft.Formats;

namespace Graft.Peft;

/// <summary>README.md of an adapter folder: the model card that the Hugging Face Hub shows.</summary>
internal static class ModelCard
{
    private const string FileName = "README.md";
    private const string Framework = "### Framework versions";

    /// <summary>Writes a card, or brings the versions in the user's own card up to date.</summary>
    public static void Write(string folder, AdapterConfig config)
    {
        string path = Path.Combine(folder, FileName);
        string body = File.Exists(path) ? File.ReadAllText(path) : string.Empty;
        AtomicFile.WriteAllText(path, body.Trim().Length == 0 ? Create(config) : Update(body, config));
    }

    private static string Create(AdapterConfig config) => $"""
        {FrontMatter(config)}
        # {config.PeftType} adapter{(config.BaseModelNameOrPath is { } name ? $" for {name}" : string.Empty)}

        ## What it is for

        Say here what the adapter was trained to do, on which data, and where it should not be used.

        ## How to use it

        Load the base model, then this folder as an adapter: with Graft (`--adapter FOLDER`) or with PEFT (`PeftModel.from_pretrained(model, folder)`).

        {Versions}
        """.ReplaceLineEndings("\n");

    private static string Versions => $"{Framework}\n\n- PEFT {AdapterConfig.PeftVersion}";

    private static string Update(string text, AdapterConfig config)
    {
        if (!text.StartsWith("---", StringComparison.Ordinal))
        {
            text = $"{FrontMatter(config)}\n{text}";
        }

        int start = text.LastIndexOf("- PEFT ", StringComparison.Ordinal);
        if (start < 0)
        {
            return $"{text.TrimEnd()}\n\n{Versions}";
        }

        int end = text.IndexOf('\n', start);
        return $"{text[..start]}- PEFT {AdapterConfig.PeftVersion}{(end < 0 ? string.Empty : text[end..])}";
    }

    private static string FrontMatter(AdapterConfig config)
    {
        var text = new StringBuilder("---\n");
        var tags = new List<string> { "transformers" };
        if (config.BaseModelNameOrPath is { } name)
        {
            text.Append("base_model: ").Append(Scalar(name)).Append('\n');
            tags.Add($"base_model:adapter:{name}");
        }

        text.Append("library_name: peft\n");
        if (config.TaskType == "CAUSAL_LM")
        {
            text.Append("pipeline_tag: text-generation\n");
        }

        if (config.PeftType == "LORA")
        {
            tags.Add("lora");
        }

        text.Append("tags:\n");
        foreach (string tag in tags.Order(StringComparer.Ordinal))
        {
            text.Append("- ").Append(Scalar(tag)).Append('\n');
        }

        return text.Append("---\n").ToString();
    }

    /// <summary>Plain where YAML reads it as the same text, otherwise in single quotes.</summary>
    private static string Scalar(string value)
    {
        bool isPlain = value.Length > 0 && value.Trim() == value && !"-?:,[]{}#&*!|>'\"%@`~".Contains(value[0], StringComparison.Ordinal)
            && !value.Contains(": ", StringComparison.Ordinal) && !value.Contains(" #", StringComparison.Ordinal) && !value.EndsWith(':')
            && !value.Any(char.IsControl) && value.Any(char.IsLetter) && value is not ("true" or "false" or "null" or "yes" or "no");
        return isPlain ? value : $"'{string.Concat(value.Where(c => !char.IsControl(c))).Replace("'", "''", StringComparison.Ordinal)}'";
    }
}
