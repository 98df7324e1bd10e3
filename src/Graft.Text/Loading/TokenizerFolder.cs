namespace Graft.Text.Loading;

/// <summary>The files that make up a tokenizer on disk.</summary>
internal static class TokenizerFolder
{
    /// <summary>The file with everything that tokenizing needs.</summary>
    internal const string JsonFile = "tokenizer.json";

    /// <summary>The file that names special tokens.</summary>
    internal const string ConfigFile = "tokenizer_config.json";

    private static readonly string[] OtherFiles =
    [
        ConfigFile, "special_tokens_map.json", "added_tokens.json", "vocab.json", "merges.txt", "vocab.txt", "tokenizer.model", "spiece.model", "sentencepiece.bpe.model",
        "chat_template.jinja", "chat_template.json",
    ];

    /// <summary>Those of the known files that are in a folder.</summary>
    internal static IEnumerable<string> FilesIn(string folder)
        => OtherFiles.Prepend(JsonFile).Select(name => Path.Combine(folder, name)).Where(File.Exists);

    /// <summary>Writes a file beside its target, flushes it and renames it, so that a reader sees the old file or the whole new one.</summary>
    internal static void WriteWhole(string path, ReadOnlySpan<byte> content)
    {
        string temporary = $"{path}.{Environment.ProcessId}.tmp";
        using (var stream = new FileStream(temporary, FileMode.Create, FileAccess.Write))
        {
            stream.Write(content);
            stream.Flush(flushToDisk: true);
        }

        File.Move(temporary, path, overwrite: true);
    }
}
