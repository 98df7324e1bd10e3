using Graft.Models;

namespace Graft.Peft;

/// <summary>PEFT's <c>IA3Config</c> (Liu et al. 2022).</summary>
public sealed record Ia3Config : LayerAdapterConfig
{
    /// <summary>Defaults.</summary>
    public Ia3Config()
    {
    }

    /// <summary>Reads an adapter_config.json.</summary>
    /// <param name="reader">The file.</param>
    internal Ia3Config(ConfigReader reader)
        : base(reader)
    {
        FeedforwardModules = Selection(reader, "feedforward_modules");
        InitIa3Weights = reader.Flag(true, "init_ia3_weights");
    }

    /// <inheritdoc/>
    public override string PeftType => "IA3";

    /// <summary>Which of the targets are scaled at their input: names, or a regular expression over whole paths.</summary>
    public ModuleSelection? FeedforwardModules { get; init; }

    /// <summary>Whether the vectors start as ones; false gives random ones, for tests.</summary>
    public bool InitIa3Weights { get; init; } = true;

    /// <inheritdoc/>
    public override void Validate()
    {
        base.Validate();
        if (FeedforwardModules is { Text: { } text })
        {
            NamePattern.FullMatch(text, "feedforward_modules");
        }

        if (TargetModules is { Text: null } targets && FeedforwardModules is { Text: null } feedforward
            && feedforward.FirstOrDefault(name => !targets.Contains(name, StringComparer.Ordinal)) is { } extra)
        {
            throw new ArgumentException($"feedforward_modules must be a subset of target_modules, but '{extra}' is not among them{NearestName.Suggestion(extra, targets)}");
        }
    }

    /// <inheritdoc/>
    internal override IEnumerable<(string Name, object? Value)> Fields()
    {
        foreach ((string, object?) field in base.Fields())
        {
            yield return field;
        }

        yield return ("exclude_modules", Write(ExcludeModules));
        yield return ("fan_in_fan_out", FanInFanOut);
        yield return ("feedforward_modules", Write(FeedforwardModules));
        yield return ("init_ia3_weights", InitIa3Weights);
        yield return ("target_modules", Write(TargetModules));
    }
}
