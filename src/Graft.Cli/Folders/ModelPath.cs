using Graft.Formats;
using Graft.Models;
using Graft.Text;

namespace Graft.Cli.Folders;

/// <summary>Where a base model lies: a Hugging Face folder, or a GGUF file, which holds configuration and tokenizer too.</summary>
internal static class ModelPath
{
    private const string ConfigFile = "config.json";

    /// <summary>Whether a path is a model: a folder with a config.json, or a GGUF file.</summary>
    public static bool IsModel(string path) => IsGguf(path) || File.Exists(Path.Combine(path, ConfigFile));

    /// <summary>Whether a path is a GGUF file that exists.</summary>
    public static bool IsGguf(string path) => GgufModel.IsGguf(path) && File.Exists(path);

    /// <summary>The path itself, if a folder or a GGUF file is there.</summary>
    /// <param name="path">The path.</param>
    /// <param name="label">What the user calls it, such as <c>model_name_or_path</c>.</param>
    /// <exception cref="FileNotFoundException">There is no such GGUF file, or the file is of another kind.</exception>
    /// <exception cref="DirectoryNotFoundException">There is nothing.</exception>
    public static string Require(string path, string label)
        => Directory.Exists(path) || IsGguf(path) ? path
            : GgufModel.IsGguf(path) ? throw new FileNotFoundException($"{label}: there is no file {path}", path)
            : File.Exists(path) ? throw new FileNotFoundException($"{label}: {path} is neither a model folder nor a GGUF file (.gguf)", path)
            : throw new DirectoryNotFoundException($"{label}: there is no folder {path}; models of the Hub must be downloaded first");

    /// <summary>The model's config.json; of a GGUF file, the one that Hugging Face would have for it.</summary>
    /// <param name="path">Folder or GGUF file.</param>
    public static ConfigReader Config(string path)
    {
        if (!IsGguf(path))
        {
            return ConfigReader.Open(Path.Combine(path, ConfigFile));
        }

        using GgufFile file = GgufFile.Open(path);
        return GgufModel.Config(file);
    }

    /// <summary>The tokenizer that lies with the model; null when there is none.</summary>
    /// <param name="path">Folder, GGUF file or tokenizer.json.</param>
    public static Tokenizer? FindTokenizer(string path)
    {
        if (!IsGguf(path))
        {
            return TokenizerFiles.AreIn(path) || File.Exists(path) ? Tokenizer.Load(path) : null;
        }

        using GgufFile file = GgufFile.Open(path);
        if (!new GgufMetadata(file).Has("tokenizer.ggml.tokens"))
        {
            return null;
        }

        GgufTokenizer tokenizer = GgufTokenizer.Read(file);
        return Tokenizer.Parse(tokenizer.Json, tokenizer.Config);
    }

    /// <summary>The tokenizer that lies with the model.</summary>
    /// <param name="path">Folder, GGUF file or tokenizer.json.</param>
    /// <exception cref="FileNotFoundException">There is none.</exception>
    public static Tokenizer LoadTokenizer(string path) => FindTokenizer(path) ?? Tokenizer.Load(path);
}
