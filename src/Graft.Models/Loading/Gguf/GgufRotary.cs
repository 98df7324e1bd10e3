using System.Text.Json;
using Graft.Formats;

namespace Graft.Models;

/// <summary>Rotary positions of a GGUF file in the words of config.json.</summary>
internal static class GgufRotary
{
    private const double DefaultTheta = 10000;

    /// <summary>Writes <c>rope_parameters</c>.</summary>
    /// <param name="json">The object that they belong to.</param>
    /// <param name="metadata">The file's metadata.</param>
    /// <param name="architecture">What keys begin with.</param>
    public static void Write(Utf8JsonWriter json, GgufMetadata metadata, string architecture)
    {
        string Key(string name) => $"{architecture}.rope.{name}";
        json.WriteStartObject("rope_parameters");
        json.WriteNumber("rope_theta", metadata.OptionalNumber(Key("freq_base")) ?? DefaultTheta);
        string type = metadata.OptionalText(Key("scaling.type")) ?? (metadata.Has(Key("scale_linear")) ? "linear" : "none");
        double? factor = metadata.OptionalNumber(Key("scaling.factor")) ?? metadata.OptionalNumber(Key("scale_linear"));
        if (metadata.File.TryGet("rope_freqs.weight", out GgufTensor? divisors))
        {
            // Llama 3.1 and later: what each frequency is divided by lies in a tensor.
            WriteDivisors(json, metadata, divisors);
        }
        else if (type is "none" || factor is null or 1)
        {
            json.WriteString("rope_type", "default");
        }
        else
        {
            json.WriteString("rope_type", type is "linear" or "yarn" ? type : throw new NotSupportedException(metadata.Error($"{Key("scaling.type")} '{type}' is not supported; none, linear and yarn are").Message));
            json.WriteNumber("factor", factor.Value);
            if (metadata.OptionalInteger(Key("scaling.original_context_length")) is int original)
            {
                json.WriteNumber("original_max_position_embeddings", original);
            }
        }

        json.WriteEndObject();
    }

    private static void WriteDivisors(Utf8JsonWriter json, GgufMetadata metadata, GgufTensor divisors)
    {
        float[] values = divisors.Type == GgufTensorType.F32 ? divisors.ToEntry().ToSingles() : throw metadata.Error($"rope_freqs.weight must be F32, but is {divisors.Type}");
        json.WriteString("rope_type", "longrope");
        json.WriteNumber("factor", 1);
        json.WriteNumber("attention_factor", 1);
        foreach (string field in new[] { "short_factor", "long_factor" })
        {
            json.WriteStartArray(field);
            foreach (float value in values)
            {
                json.WriteNumberValue((double)value);
            }

            json.WriteEndArray();
        }
    }
}
