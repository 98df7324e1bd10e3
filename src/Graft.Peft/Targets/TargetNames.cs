using Graft.Models;
using Graft.Tensors;

namespace Graft.Peft;

/// <summary>Turns <c>all-linear</c>, or no targets at all, into names, and shortens long lists, as PEFT does before it saves them.</summary>
internal static class TargetNames
{
    private const int ShortestLongList = 20;

    /// <summary>The config with its targets spelled out.</summary>
    /// <param name="model">The model.</param>
    /// <param name="config">The config as given.</param>
    /// <param name="defaults">The method's usual targets by model type.</param>
    /// <param name="shorten">Whether lists of 20 names and more are shortened (all methods but (IA)³).</param>
    /// <exception cref="ArgumentException">No targets, and none are usual for this family.</exception>
    public static LayerAdapterConfig Resolve(LanguageModel model, LayerAdapterConfig config, IReadOnlyDictionary<string, string[]> defaults, bool shorten)
    {
        if (config.TargetModules is null)
        {
            config = config with
            {
                TargetModules = defaults.TryGetValue(model.Config.ModelType, out string[]? usual)
                    ? ModuleSelection.Create(usual)
                    : throw new ArgumentException(
                        $"target_modules is needed: none are usual for a {model.Config.ModelType} model; its layers are {TargetResolver.LayerNames(model)}"),
            };
        }
        else if (config.TargetModules.IsAllLinear)
        {
            config = config with { TargetModules = AllLinear(model) };
        }

        if (!shorten || config.TargetModules.Count < ShortestLongList)
        {
            return config;
        }

        var targets = new TargetResolver(model, config).Resolve().Select(module => module.Name).ToHashSet(StringComparer.Ordinal);
        string[] others = [.. model.NamedModules().Select(module => module.Name)
            .Where(name => name.Length > 0 && !targets.Contains(name) && !config.TargetModules.Any(entry => NamePattern.HasSuffix(name, entry)))];
        string[] shorter = Shorten(config.TargetModules, others);
        return shorter.Length > 0 && shorter.Length < config.TargetModules.Count ? config with { TargetModules = ModuleSelection.Create(shorter) } : config;
    }

    /// <summary>The fewest endings that cover <paramref name="targets"/> and none of <paramref name="others"/>.</summary>
    internal static string[] Shorten(IEnumerable<string> targets, IEnumerable<string> others)
    {
        HashSet<string> taken = [.. others.SelectMany(Endings)];
        var chosen = new List<string>();
        foreach (string target in targets.OrderBy(name => string.Join('\0', Endings(name)), StringComparer.Ordinal))
        {
            if (chosen.Any(ending => target.EndsWith("." + ending, StringComparison.Ordinal)))
            {
                continue;
            }

            if (Endings(target).FirstOrDefault(ending => !taken.Contains(ending) && !chosen.Contains(ending)) is { } shortest)
            {
                chosen.Add(shortest);
            }
        }

        return [.. chosen];
    }

    /// <summary>The endings of a path at its dots, shortest first.</summary>
    private static IEnumerable<string> Endings(string path)
    {
        for (int dot = path.LastIndexOf('.'); dot >= 0; dot = dot == 0 ? -1 : path.LastIndexOf('.', dot - 1))
        {
            yield return path[(dot + 1)..];
        }

        yield return path;
    }

    private static ModuleSelection AllLinear(LanguageModel model)
        => ModuleSelection.Create([.. model.NamedModules().OfType<Linear>().Where(linear => !ReferenceEquals(linear, model.Head)).Select(linear => linear.Name)]);

    /// <summary>PEFT corrects fan_in_fan_out to what the last layer that it wraps is.</summary>
    public static bool FanInFanOut(bool asGiven, IEnumerable<Module> targets)
        => targets.OfType<Linear>().LastOrDefault() is { } last ? last.Layout == LinearLayout.InOut : asGiven;
}
