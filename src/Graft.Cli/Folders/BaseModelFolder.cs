using Graft.Peft;

namespace Graft.Cli.Folders;

/// <summary>Finds the base model of an adapter.</summary>
internal static class BaseModelFolder
{
    /// <summary>The folder or GGUF file that <c>base_model_name_or_path</c> names, relative to the adapter or to the current folder; null when there is none.</summary>
    /// <param name="adapterFolder">The adapter.</param>
    /// <param name="named">What the adapter names; may be null.</param>
    public static string? Find(string adapterFolder, string? named)
    {
        if (string.IsNullOrEmpty(named))
        {
            return null;
        }

        string[] candidates = [Path.Combine(adapterFolder, named), named];
        return Array.Find(candidates, ModelPath.IsModel);
    }

    /// <summary>The base model's folder: the one given, or the one that the adapter names.</summary>
    /// <param name="adapterFolder">The adapter.</param>
    /// <param name="config">Its config.</param>
    /// <param name="given">What the user said; null to look for it.</param>
    /// <exception cref="IOException">There is no such folder or file.</exception>
    public static string Require(string adapterFolder, AdapterConfig config, string? given)
    {
        if (given is not null)
        {
            return ModelPath.Require(given, "--model");
        }

        return Find(adapterFolder, config.BaseModelNameOrPath)
            ?? throw new DirectoryNotFoundException(config.BaseModelNameOrPath is { Length: > 0 } name
                ? $"{adapterFolder} was made for '{name}', which is not a model folder here: give its folder with --model"
                : $"{adapterFolder} does not name its base model: give the folder with --model");
    }
}
