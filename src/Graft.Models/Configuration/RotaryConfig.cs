using System.Text.Json;
using Graft.Tensors;

namespace Graft.Models;

/// <summary>Rotary positions (Su et al. 2021) as config.json describes them, in the v4 spelling (rope_theta, rope_scaling) and the v5 one (rope_parameters).</summary>
public sealed class RotaryConfig
{
    private const string Types = "default, linear, dynamic, yarn, longrope, llama3";

    private readonly Func<Func<int, float>?, RotaryTable> _createTable;

    private RotaryConfig(string type, double theta, Func<Func<int, float>?, RotaryTable> createTable)
    {
        Type = type;
        Theta = theta;
        _createTable = createTable;
    }

    /// <summary>How longer texts are stretched: <c>default</c> for not at all.</summary>
    public string Type { get; }

    /// <summary>Whether the length that the model was made for is a limit: <c>dynamic</c> stretches as far as a text goes.</summary>
    public bool IsBounded => Type != "dynamic";

    /// <summary>The base of the frequencies.</summary>
    public double Theta { get; }

    /// <summary>Reads and checks the settings.</summary>
    /// <param name="reader">The config.json.</param>
    /// <param name="rotaryDim">How many features of a head are rotated.</param>
    /// <param name="defaultTheta">The family's base.</param>
    /// <param name="maximumPositions">Tokens that the model was made for.</param>
    /// <exception cref="InvalidDataException">An unknown type, or a field that is missing or impossible.</exception>
    public static RotaryConfig Read(ConfigReader reader, int rotaryDim, double defaultTheta, int maximumPositions)
    {
        ArgumentNullException.ThrowIfNull(reader);
        if (rotaryDim % 2 != 0)
        {
            throw reader.Error($"rotary positions turn pairs of features, so head_dim must be even, but is {rotaryDim}");
        }

        ConfigReader section = reader.Section("rope_parameters", "rope_scaling") ?? ConfigReader.Parse("{}");
        string type = section.Text("default", "rope_type", "type");
        double theta = section.Has("rope_theta") ? section.Number(defaultTheta, "rope_theta") : reader.Number(defaultTheta, "rope_theta");
        if (!(theta > 0) || !double.IsFinite(theta))
        {
            throw reader.Error($"rope_theta must be a positive number, but is {theta}");
        }

        var source = new Source(reader, section, type, theta, rotaryDim, maximumPositions);
        return type switch
        {
            "default" => source.Fixed(source.Plain, 1),
            "linear" => source.Fixed(Array.ConvertAll(source.Plain, frequency => frequency / source.Factor()), 1),
            "llama3" => source.Llama3(),
            "yarn" => source.Yarn(),
            "dynamic" => source.Dynamic(),
            "longrope" => source.LongRope(),
            _ => throw reader.Error($"rope_type '{type}' is unknown; known are {Types}"),
        };
    }

    /// <summary>The table of cosines and sines, shared by all layers.</summary>
    /// <param name="positionFactor">Multiplies those of one position; null for none. Not for types whose frequencies depend on the length.</param>
    public RotaryTable CreateTable(Func<int, float>? positionFactor = null) => _createTable(positionFactor);

    /// <summary>What the types read from.</summary>
    private sealed class Source(ConfigReader reader, ConfigReader section, string type, double theta, int rotaryDim, int maximumPositions)
    {
        public double[] Plain { get; } = RotaryFrequencies.Plain(theta, rotaryDim);

        // At the top level it is what the model was changed to; inside, what it was.
        private int OriginalPositions => reader.Has("original_max_position_embeddings")
            ? reader.Size("original_max_position_embeddings")
            : section.SizeOr(maximumPositions, "original_max_position_embeddings");

        public RotaryConfig Fixed(double[] frequencies, double attentionFactor)
        {
            float[] singles = Singles(frequencies);
            return new RotaryConfig(type, theta, positionFactor => new RotaryTable(singles, (float)attentionFactor, positionFactor));
        }

        public RotaryConfig Llama3()
        {
            double factor = Factor();
            double low = Needed("low_freq_factor");
            double high = Needed("high_freq_factor");
            return high > low
                ? Fixed(RotaryFrequencies.Llama3(Plain, factor, low, high, OriginalPositions), 1)
                : throw section.Error($"high_freq_factor {high} must be more than low_freq_factor {low}");
        }

        public RotaryConfig Yarn()
        {
            double factor = Factor();
            double betaFast = section.Number(32, "beta_fast");
            double betaSlow = section.Number(1, "beta_slow");
            if (!(betaSlow > 0) || betaFast < betaSlow)
            {
                throw section.Error($"beta_slow must be positive and at most beta_fast, but they are {betaSlow} and {betaFast}");
            }

            double scale = section.Number(0, "mscale");
            double scaleAllDim = section.Number(0, "mscale_all_dim");
            double attentionFactor = section.Number(
                scale != 0 && scaleAllDim != 0
                    ? RotaryFrequencies.YarnAttentionFactor(factor, scale) / RotaryFrequencies.YarnAttentionFactor(factor, scaleAllDim)
                    : RotaryFrequencies.YarnAttentionFactor(factor),
                "attention_factor");
            return Fixed(RotaryFrequencies.Yarn(Plain, theta, factor, betaFast, betaSlow, OriginalPositions, section.Flag(true, "truncate")), attentionFactor);
        }

        public RotaryConfig Dynamic()
        {
            double factor = Factor();
            if (rotaryDim < 4)
            {
                throw section.Error($"rope_type 'dynamic' needs at least 4 rotated features, not {rotaryDim}");
            }

            return new RotaryConfig(type, theta, _ => new LengthDependentRotaryTable(
                length => Math.Max(length, maximumPositions),
                length => Singles(RotaryFrequencies.Plain(RotaryFrequencies.DynamicTheta(theta, rotaryDim, factor, length, maximumPositions), rotaryDim))));
        }

        public RotaryConfig LongRope()
        {
            double[] shortFactor = FactorOfEachPair("short_factor");
            double[] longFactor = FactorOfEachPair("long_factor");
            int original = OriginalPositions;
            double factor = section.Has("factor") ? Factor() : maximumPositions / (double)original;
            double attentionFactor = section.Number(RotaryFrequencies.LongRopeAttentionFactor(factor, original), "attention_factor");
            return new RotaryConfig(type, theta, _ => new LengthDependentRotaryTable(
                length => length > original ? 1 : 0,
                isLong => Singles([.. Plain.Zip(isLong == 1 ? longFactor : shortFactor, (frequency, divisor) => frequency / divisor)]),
                (float)attentionFactor));
        }

        public double Factor()
        {
            double factor = Needed("factor");
            return factor > 0 && double.IsFinite(factor) ? factor : throw section.Error($"factor must be a positive number, but is {factor}");
        }

        private double Needed(string field) => section.Has(field) ? section.Number(0, field) : throw Missing(field);

        private InvalidDataException Missing(string field) => section.Error($"rope_type '{type}' needs {field}, which is missing");

        private double[] FactorOfEachPair(string field)
        {
            if (!section.Has(field))
            {
                throw Missing(field);
            }

            JsonElement list = section.Root.GetProperty(field);
            if (list.ValueKind != JsonValueKind.Array || list.EnumerateArray().Any(item => item.ValueKind != JsonValueKind.Number || !(item.GetDouble() > 0)))
            {
                throw section.Error($"{field} must be a list of positive numbers");
            }

            return list.GetArrayLength() == rotaryDim / 2
                ? [.. list.EnumerateArray().Select(item => item.GetDouble())]
                : throw section.Error($"{field} must have {rotaryDim / 2} entries, one for each pair of features, but has {list.GetArrayLength()}");
        }

        private static float[] Singles(double[] frequencies) => Array.ConvertAll(frequencies, frequency => (float)frequency);
    }
}
