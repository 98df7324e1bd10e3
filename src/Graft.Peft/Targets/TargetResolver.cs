using System.Globalization;
using System.Text.RegularExpressions;
using Graft.Models;

namespace Graft.Peft;

/// <summary>Finds the layers that a config means, by PEFT's rules, and is strict about names that match nothing.</summary>
internal sealed class TargetResolver
{
    private readonly LanguageModel _model;
    private readonly LayerAdapterConfig _config;
    private readonly Regex? _targets;
    private readonly Regex? _excluded;
    private readonly IReadOnlyList<Regex> _layerPatterns;

    /// <summary>Prepares the rules of <paramref name="config"/>, whose targets are a list or an expression.</summary>
    public TargetResolver(LanguageModel model, LayerAdapterConfig config)
    {
        _model = model;
        _config = config;
        _targets = config.TargetModules is { Text: { } target } ? NamePattern.FullMatch(target, "target_modules") : null;
        _excluded = config.ExcludeModules is { Text: { } exclude } ? NamePattern.FullMatch(exclude, "exclude_modules") : null;
        IEnumerable<string> patterns = config.LayersPattern switch
        {
            null or { Text.Length: 0 } => [],
            { Text: { } text } => [text],
            { } names => names,
        };
        _layerPatterns = [.. patterns.DefaultIfEmpty("[^.]*").Select(NamePattern.LayerIndex)];
    }

    /// <summary>The targeted modules, in model order.</summary>
    /// <exception cref="ArgumentException">Nothing is targeted, or an entry of the list names nothing; the message shows what exists.</exception>
    public IReadOnlyList<Module> Resolve()
    {
        if (_config.TargetModules is { Text: null } names)
        {
            CheckEntries(names);
        }

        var targets = new List<Module>();
        int excluded = 0;
        foreach (Module module in _model.NamedModules().Where(module => module.Name.Length > 0))
        {
            if (IsExcluded(module.Name))
            {
                excluded += IsNamed(module.Name) ? 1 : 0;
            }
            else if (!IsInsideSavedModule(module.Name) && IsTarget(module.Name))
            {
                targets.Add(module);
            }
        }

        return targets.Count > 0 ? targets : throw NothingMatched(excluded);
    }

    /// <summary>The last parts of the names of all layers that exist.</summary>
    public static string LayerNames(LanguageModel model) => string.Join(", ", Names(model));

    private static IEnumerable<string> Names(LanguageModel model)
        => model.NamedModules().Where(module => module is Linear or Embedding).Select(module => LastPart(module.Name)).Distinct(StringComparer.Ordinal);

    private static string LastPart(string name) => name[(name.LastIndexOf('.') + 1)..];

    private void CheckEntries(ModuleSelection names)
    {
        foreach (string entry in names)
        {
            if (_model.NamedModules().Any(module => module.Name.Length > 0 && NamePattern.HasSuffix(module.Name, entry)))
            {
                continue;
            }

            IEnumerable<string> candidates = entry.Contains('.', StringComparison.Ordinal) ? _model.NamedModules().Select(module => module.Name) : Names(_model);
            throw new ArgumentException(
                $"target_modules: '{entry}' matches no module of this {_model.Config.ModelType} model{NearestName.Suggestion(entry, candidates)}; its layers are {LayerNames(_model)}");
        }
    }

    private bool IsExcluded(string name) => _config.ExcludeModules switch
    {
        null => false,
        { Text: not null } => NamePattern.Matches(_excluded!, name),
        { } entries => entries.Any(entry => NamePattern.HasSuffix(name, entry)),
    };

    /// <summary>This test, unlike that for which modules are saved, looks at whole parts of the path.</summary>
    private bool IsInsideSavedModule(string name)
        => _config.ModulesToSave is { } saved && saved.Any(entry => $".{name}.".Contains($".{entry}.", StringComparison.Ordinal));

    private bool IsNamed(string name)
        => _config.TargetModules is { Text: null } entries
            ? entries.Any(entry => NamePattern.HasSuffix(name, entry))
            : _targets is not null && NamePattern.Matches(_targets, name);

    /// <summary>A path given in full bypasses layers_to_transform.</summary>
    private bool IsTarget(string name)
        => IsNamed(name) && (_targets is not null || _config.TargetModules!.Contains(name, StringComparer.Ordinal) || IsInLayers(name));

    private bool IsInLayers(string name)
    {
        if (_config.LayersToTransform is not { Count: > 0 } layers)
        {
            return true;
        }

        foreach (Regex pattern in _layerPatterns)
        {
            Match match = NamePattern.Match(pattern, name);
            if (match.Success)
            {
                return int.TryParse(match.Groups["index"].Value, NumberStyles.None, CultureInfo.InvariantCulture, out int index) && layers.Contains(index);
            }
        }

        return false;
    }

    private ArgumentException NothingMatched(int excluded)
    {
        string targets = $"target_modules {_config.TargetModules}";
        if (excluded > 0)
        {
            return new ArgumentException($"{targets} and exclude_modules {_config.ExcludeModules} together leave no layer: all {excluded} that match are excluded");
        }

        if (_config.LayersToTransform is { Count: > 0 } layers)
        {
            return new ArgumentException(
                $"{targets} matches no layer with layers_to_transform [{string.Join(", ", layers)}]: the model has {_model.Config.LayerCount} blocks, counted from 0");
        }

        return new ArgumentException($"{targets} matches no module of this {_model.Config.ModelType} model that is not saved as a whole; its layers are {LayerNames(_model)}");
    }
}
