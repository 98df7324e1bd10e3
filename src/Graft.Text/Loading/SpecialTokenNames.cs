using System.Text.Json;

namespace Graft.Text.Loading;

/// <summary>Which tokens play which part (<c>bos_token</c>, <c>eos_token</c>, ...), from tokenizer_config.json and special_tokens_map.json.</summary>
internal static class SpecialTokenNames
{
    private static readonly string[] Roles = ["bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token"];

    /// <summary>Reads the files of a folder that are there; tokenizer_config.json goes first.</summary>
    internal static Dictionary<string, string> Read(string folder)
    {
        var names = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (string file in new[] { TokenizerFolder.ConfigFile, "special_tokens_map.json" })
        {
            string path = Path.Combine(folder, file);
            if (File.Exists(path))
            {
                JsonFields.Read(File.ReadAllBytes(path), path, fields => AddMissing(fields, names));
            }
        }

        return names;
    }

    /// <summary>Reads the content of a tokenizer_config.json.</summary>
    internal static Dictionary<string, string> Parse(byte[] content, string file)
    {
        var names = new Dictionary<string, string>(StringComparer.Ordinal);
        JsonFields.Read(content, file, fields => AddMissing(fields, names));
        return names;
    }

    private static bool AddMissing(JsonFields fields, Dictionary<string, string> names)
    {
        foreach (string role in Roles)
        {
            if (fields.TryGet(role, out JsonElement value))
            {
                names.TryAdd(role, value.ValueKind == JsonValueKind.Object ? fields.Object(role).Text("content") : fields.Text(role));
            }
        }

        return true;
    }
}
