using Graft.Formats;

namespace Graft.Models;

/// <summary>A GGUF file as a model folder: configuration and tokenizer come from its metadata.</summary>
public static class GgufModel
{
    private const string Extension = ".gguf";

    /// <summary>Whether a path names a GGUF file rather than a folder.</summary>
    /// <param name="path">A path.</param>
    public static bool IsGguf(string path) => path.EndsWith(Extension, StringComparison.OrdinalIgnoreCase) && !Directory.Exists(path);

    /// <summary>The config.json that Hugging Face would have for a file.</summary>
    /// <param name="file">The file.</param>
    /// <exception cref="NotSupportedException">Its architecture is not known.</exception>
    public static ConfigReader Config(GgufFile file)
    {
        ArgumentNullException.ThrowIfNull(file);
        var metadata = new GgufMetadata(file);
        return ConfigReader.Parse(GgufArchitecture.Of(metadata).Config(metadata), file.Path);
    }

    /// <summary>The weights of a file, under the names that Transformers has for them.</summary>
    /// <param name="file">The file; stays open as long as the model lives.</param>
    public static WeightSource Weights(GgufFile file)
    {
        ArgumentNullException.ThrowIfNull(file);
        return new GgufWeights(file, GgufArchitecture.Of(new GgufMetadata(file)));
    }
}
