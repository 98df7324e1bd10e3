namespace Graft.Formats;

/// <summary>How Hugging Face folders name weight files.</summary>
internal static class CheckpointNames
{
    /// <summary>One file: <c>model.safetensors</c>.</summary>
    public static string Single(string baseName) => $"{baseName}.safetensors";

    /// <summary>The list of shards: <c>model.safetensors.index.json</c>.</summary>
    public static string Index(string baseName) => $"{baseName}.safetensors.index.json";

    /// <summary>One shard: <c>model-00001-of-00003.safetensors</c>, counted from 1.</summary>
    public static string Shard(string baseName, int number, int count) => $"{baseName}-{number:D5}-of-{count:D5}.safetensors";

    /// <summary>Whether <paramref name="fileName"/> is a shard of <paramref name="baseName"/>, of any count.</summary>
    public static bool IsShard(string baseName, string fileName)
    {
        string prefix = $"{baseName}-";
        const string Suffix = ".safetensors";
        if (!fileName.StartsWith(prefix, StringComparison.Ordinal) || !fileName.EndsWith(Suffix, StringComparison.Ordinal)
            || fileName.Length < prefix.Length + Suffix.Length)
        {
            return false;
        }

        string[] numbers = fileName[prefix.Length..^Suffix.Length].Split("-of-");
        return numbers.Length == 2 && numbers.All(number => number.Length >= 5 && number.All(char.IsAsciiDigit));
    }

    /// <summary>What a folder's weights may be called, in the order in which transformers looks; torch files are <c>pytorch_model.bin</c> there, <c>adapter_model.bin</c> in PEFT.</summary>
    public static string[] InOrderOfPreference(string baseName)
    {
        string torch = baseName == "model" ? "pytorch_model.bin" : $"{baseName}.bin";
        return [Single(baseName), Index(baseName), torch, $"{torch}.index.json"];
    }
}
