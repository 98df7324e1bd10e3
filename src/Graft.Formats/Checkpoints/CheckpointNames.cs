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

    /// <summary>The torch file of the same weights: transformers calls it <c>pytorch_model.bin</c>, PEFT <c>adapter_model.bin</c>.</summary>
    public static string Torch(string baseName) => baseName == "model" ? "pytorch_model.bin" : $"{baseName}.bin";

    /// <summary>The list of shards of <see cref="Torch"/>.</summary>
    public static string TorchIndex(string baseName) => $"{Torch(baseName)}.index.json";
}
