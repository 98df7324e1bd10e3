using System.Text.Json;
using Graft.Models;

namespace Graft.Peft;

/// <summary>A method that changes chosen layers: which ones, in PEFT's fields.</summary>
public abstract record LayerAdapterConfig : AdapterConfig
{
    /// <summary>Defaults.</summary>
    protected LayerAdapterConfig()
    {
    }

    /// <summary>The fields that these methods share.</summary>
    /// <param name="reader">The adapter_config.json.</param>
    protected LayerAdapterConfig(ConfigReader reader)
        : base(reader)
    {
        TargetModules = Selection(reader, "target_modules");
        ExcludeModules = Selection(reader, "exclude_modules");
        LayersPattern = Selection(reader, "layers_pattern");
        LayersToTransform = reader.Has("layers_to_transform") ? reader.IntegerOrList("layers_to_transform") : null;
        LayersToTransformIsNumber = reader.Has("layers_to_transform") && reader.Root.GetProperty("layers_to_transform").ValueKind == JsonValueKind.Number;
        FanInFanOut = reader.Flag(false, "fan_in_fan_out");
    }

    /// <summary>The layers: names (whole paths, or their last parts), a regular expression over whole paths, <c>all-linear</c>, or null for the family's usual ones.</summary>
    public ModuleSelection? TargetModules { get; init; }

    /// <summary>Layers to leave out: names, or a regular expression over whole paths.</summary>
    public ModuleSelection? ExcludeModules { get; init; }

    /// <summary>Numbers of the blocks to change; null or empty for all.</summary>
    public IReadOnlyList<int>? LayersToTransform { get; init; }

    /// <summary>Name of the list of blocks, where the first number in a path is not the block's.</summary>
    public ModuleSelection? LayersPattern { get; init; }

    /// <summary>Whether weights are stored [in, out]; corrected to what the layers are.</summary>
    public bool FanInFanOut { get; init; }

    /// <summary>Whether the file gave one number instead of a list.</summary>
    internal bool LayersToTransformIsNumber { get; init; }

    /// <summary>Whether an empty list of targets is right, because something else is targeted.</summary>
    private protected virtual bool MayTargetNothing => false;

    /// <inheritdoc/>
    public override void Validate()
    {
        base.Validate();
        if (LayersToTransform is not null && TargetModules is { Text: not null })
        {
            throw new ArgumentException("layers_to_transform cannot be used when target_modules is a text (a regular expression can say which layers)");
        }

        if (LayersPattern is not null && TargetModules is { Text: not null })
        {
            throw new ArgumentException("layers_pattern cannot be used when target_modules is a text (a regular expression can say which layers)");
        }

        if (LayersPattern is { Count: > 0 } or { Text.Length: > 0 } && LayersToTransform is null)
        {
            throw new ArgumentException("layers_pattern needs layers_to_transform, the numbers of the layers");
        }

        if (TargetModules is { Text: null, Count: 0 } && !MayTargetNothing)
        {
            throw new ArgumentException("target_modules is an empty list: name the layers to change, or leave it out for the model's usual ones");
        }

        CheckExpression("target_modules", TargetModules);
        CheckExpression("exclude_modules", ExcludeModules);
    }

    private static void CheckExpression(string field, ModuleSelection? selection)
    {
        if (selection is { Text: { } text, IsAllLinear: false })
        {
            NamePattern.FullMatch(text, field);
        }
    }

    /// <summary>A selection as JSON writes it.</summary>
    private protected static object? Write(ModuleSelection? selection) => (object?)selection?.Text ?? selection;
}
