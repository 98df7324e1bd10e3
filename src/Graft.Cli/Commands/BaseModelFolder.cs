using Graft.Peft;

namespace Graft.Cli.Commands;

/// <summary>Finds the base model that an adapter names.</summary>
internal static class BaseModelFolder
{
    /// <summary>The folder that <c>base_model_name_or_path</c> means, seen from the adapter's folder or from the current one.</summary>
    /// <param name="adapterFolder">The adapter's folder.</param>
    /// <exception cref="ArgumentException">The adapter names none, or it is not there.</exception>
    public static string Of(string adapterFolder)
    {
        string? name = AdapterConfig.Load(adapterFolder).BaseModelNameOrPath;
        if (string.IsNullOrEmpty(name))
        {
            throw new ArgumentException($"the adapter {adapterFolder} does not say what its base model is: give --model FOLDER");
        }

        string[] places = [Path.GetFullPath(Path.Combine(adapterFolder, name)), Path.GetFullPath(name)];
        return places.FirstOrDefault(place => File.Exists(Path.Combine(place, "config.json")))
            ?? throw new ArgumentException($"the adapter {adapterFolder} was made for '{name}', but there is no model at {string.Join(" or ", places.Distinct())}: give --model FOLDER");
    }
}
