using System.Text;
using System.Text.Json;

namespace Graft.Training;

/// <summary>What a run is about: stored with its checkpoints, so that none is resumed by another run.</summary>
/// <param name="Model">Hash of the model's configuration.</param>
/// <param name="Data">Hash of the training samples.</param>
/// <param name="Parameters">Names and shapes of what is trained.</param>
/// <param name="Arguments">The arguments that change the numbers, by name.</param>
public sealed record RunFingerprint(string Model, string Data, IReadOnlyList<string> Parameters, IReadOnlyDictionary<string, string> Arguments)
{
    /// <summary>Hash of samples of the frozen weights.</summary>
    public string Weights { get; init; } = string.Empty;

    /// <summary>Hash of the grouping of samples into micro-batches.</summary>
    public string Batches { get; init; } = string.Empty;

    /// <summary>What differs, in words; empty when nothing does.</summary>
    /// <param name="saved">The fingerprint in the checkpoint.</param>
    public IEnumerable<string> DifferencesFrom(RunFingerprint saved)
    {
        if (Model != saved.Model)
        {
            yield return "the model is another one (its config.json differs)";
        }

        else if (Weights != saved.Weights)
        {
            yield return "the base model's weights are others";
        }

        foreach (string missing in saved.Parameters.Except(Parameters).Take(5))
        {
            yield return $"the checkpoint trains {missing}, this run does not";
        }

        foreach (string added in Parameters.Except(saved.Parameters).Take(5))
        {
            yield return $"this run trains {added}, the checkpoint does not";
        }

        if (Data != saved.Data)
        {
            yield return "the training samples differ (data, template, tokenizer or max_length)";
        }
        else if (Batches != saved.Batches)
        {
            yield return "the samples come in another order or in other batches (batch size, packing, shuffle or seed)";
        }

        foreach ((string name, string before) in saved.Arguments)
        {
            string value = Arguments.GetValueOrDefault(name, "absent");
            if (before != value)
            {
                yield return $"{name} was {before}, now it is {value}";
            }
        }
    }

    /// <summary>Writes it into an open object.</summary>
    /// <param name="writer">The writer.</param>
    public void Write(Utf8JsonWriter writer)
    {
        writer.WriteString("model", Model);
        writer.WriteString("weights", Weights);
        writer.WriteString("data", Data);
        writer.WriteString("batches", Batches);
        writer.WriteStartArray("parameters");
        foreach (string parameter in Parameters)
        {
            writer.WriteStringValue(parameter);
        }

        writer.WriteEndArray();
        writer.WriteStartObject("arguments");
        foreach ((string name, string value) in Arguments)
        {
            writer.WriteString(name, value);
        }

        writer.WriteEndObject();
    }

    /// <summary>Reads what <see cref="Write"/> wrote.</summary>
    /// <param name="root">The object.</param>
    public static RunFingerprint Read(JsonElement root) => new(
        root.GetProperty("model").GetString()!,
        root.GetProperty("data").GetString()!,
        [.. root.GetProperty("parameters").EnumerateArray().Select(e => e.GetString()!)],
        root.GetProperty("arguments").EnumerateObject().ToDictionary(p => p.Name, p => p.Value.GetString()!, StringComparer.Ordinal))
    {
        Weights = root.GetProperty("weights").GetString()!,
        Batches = root.GetProperty("batches").GetString()!,
    };

    /// <summary>SHA-256 of a text.</summary>
    /// <param name="text">The text.</param>
    public static string Hash(string text) => Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(Encoding.UTF8.GetBytes(text)));
}
