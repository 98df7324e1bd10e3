using Graft.Tensors;

namespace Graft.Models;

/// <summary>Rotary positions (Su et al. 2021) as config.json describes them, in the v4 spelling (rope_theta, rope_scaling) and the v5 one (rope_parameters).</summary>
public sealed class RotaryConfig
{
    private static readonly string[] ScaledTypes = ["linear", "dynamic", "yarn", "longrope", "llama3"];

    private RotaryConfig(float[] inverseFrequencies) => InverseFrequencies = inverseFrequencies;

    /// <summary>Angle per position of each pair of features: theta^(-2i/d).</summary>
    public float[] InverseFrequencies { get; }

    /// <summary>Reads and checks the settings.</summary>
    /// <param name="reader">The config.json.</param>
    /// <param name="rotaryDim">How many features of a head are rotated.</param>
    /// <param name="defaultTheta">The family's base.</param>
    /// <exception cref="NotSupportedException">A scaled type.</exception>
    public static RotaryConfig Read(ConfigReader reader, int rotaryDim, double defaultTheta)
    {
        if (rotaryDim % 2 != 0)
        {
            throw reader.Error($"rotary positions turn pairs of features, so head_dim must be even, but is {rotaryDim}");
        }

        ConfigReader? section = reader.Section("rope_parameters", "rope_scaling");
        string type = section?.Text("default", "rope_type", "type") ?? "default";
        if (type != "default")
        {
            CheckScaled(reader, section!, type, rotaryDim);
        }

        double theta = section is not null && section.Has("rope_theta") ? section.Number(defaultTheta, "rope_theta") : reader.Number(defaultTheta, "rope_theta");
        var frequencies = new float[rotaryDim / 2];
        for (int i = 0; i < frequencies.Length; i++)
        {
            frequencies[i] = (float)(1 / Math.Pow(theta, 2.0 * i / rotaryDim));
        }

        return new RotaryConfig(frequencies);
    }

    /// <summary>The table of cosines and sines, shared by all layers.</summary>
    public RotaryTable CreateTable() => new(InverseFrequencies);

    private static void CheckScaled(ConfigReader reader, ConfigReader section, string type, int rotaryDim)
    {
        if (!ScaledTypes.Contains(type))
        {
            throw reader.Error($"rope_type '{type}' is unknown; known are default, {string.Join(", ", ScaledTypes)}");
        }

        string[] needed = type switch
        {
            "llama3" => ["factor", "low_freq_factor", "high_freq_factor"],
            "longrope" => ["short_factor", "long_factor"],
            _ => ["factor"],
        };
        foreach (string field in needed)
        {
            if (!section.Has(field))
            {
                throw section.Error($"rope_type '{type}' needs {field}, which is missing");
            }

            if (field.EndsWith("_factor", StringComparison.Ordinal) && section.Root.GetProperty(field) is { ValueKind: System.Text.Json.JsonValueKind.Array } list
                && list.GetArrayLength() != rotaryDim / 2)
            {
                throw section.Error($"{field} must have {rotaryDim / 2} entries, one for each pair of features, but has {list.GetArrayLength()}");
            }
        }

        throw new NotSupportedException(reader.Error($"rope_type '{type}' (scaled rotary positions) is not supported yet; 'default' is").Message);
    }
}
