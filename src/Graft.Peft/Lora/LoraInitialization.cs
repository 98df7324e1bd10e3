using System.Globalization;
using System.Text.Json;
using Graft.Models;

namespace Graft.Peft;

/// <summary>A value of <c>init_lora_weights</c>: true, false, or a name.</summary>
/// <param name="Name"><c>true</c>, <c>false</c>, <c>gaussian</c> ...</param>
public readonly record struct LoraInitialization(string Name)
{
    private static readonly string[] Names = ["true", "false", "gaussian", "orthogonal", "mica", "eva", "olora", "pissa", "corda", "loftq", "lora_ga"];

    /// <summary>A uniform as torch's Linear, B zero: the new adapter changes nothing.</summary>
    public static LoraInitialization Default => new("true");

    /// <summary>A and B uniform as torch's Linear: the new adapter changes the output. For tests.</summary>
    public static LoraInitialization Random => new("false");

    /// <summary>A normal with deviation 1 / r, B zero.</summary>
    public static LoraInitialization Gaussian => new("gaussian");

    /// <summary>True or false.</summary>
    /// <param name="value">The value.</param>
    public static implicit operator LoraInitialization(bool value) => FromBoolean(value);

    /// <summary>A name.</summary>
    /// <param name="name">The name.</param>
    public static implicit operator LoraInitialization(string name) => new(name);

    /// <summary>True or false.</summary>
    /// <param name="value">The value.</param>
    public static LoraInitialization FromBoolean(bool value) => value ? Default : Random;

    /// <inheritdoc/>
    public override string ToString() => Name;

    /// <summary>Reads the field.</summary>
    internal static LoraInitialization Read(ConfigReader reader)
    {
        if (!reader.Root.TryGetProperty("init_lora_weights", out JsonElement element))
        {
            return Default;
        }

        return element.ValueKind switch
        {
            JsonValueKind.True or JsonValueKind.Null => Default,
            JsonValueKind.False => Random,
            JsonValueKind.String => new LoraInitialization(element.GetString()!),
            _ => throw reader.Error($"init_lora_weights must be true, false or a name, but is {element.GetRawText()}"),
        };
    }

    /// <summary>As JSON.</summary>
    internal object ToJsonValue() => Name switch
    {
        "true" => true,
        "false" => false,
        _ => Name,
    };

    /// <summary>Whether the name is PEFT's.</summary>
    internal bool IsKnown => Names.Contains(Name)
        || (Name.StartsWith("pissa_niter_", StringComparison.Ordinal) && int.TryParse(Name.AsSpan("pissa_niter_".Length), NumberStyles.None, CultureInfo.InvariantCulture, out _));

    /// <summary>All names.</summary>
    internal static string Known => $"{string.Join(", ", Names)}, pissa_niter_N";
}
