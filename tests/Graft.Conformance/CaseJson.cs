using System.Text.Json;
using Graft.Models;

namespace Graft.Conformance;

/// <summary>Reads the parts that several kinds of cases share.</summary>
public static class CaseJson
{
    /// <summary>A list of integers.</summary>
    public static int[] Integers(this JsonElement element) => [.. element.EnumerateArray().Select(e => e.GetInt32())];

    /// <summary>Token ids and labels of every sequence; without labels, nothing is counted.</summary>
    public static List<CaseSequence> Sequences(this ConformanceCase @case)
        => [.. @case.Root.GetProperty("sequences").EnumerateArray().Select(Sequence)];

    /// <summary>One sequence.</summary>
    public static CaseSequence Sequence(JsonElement sequence)
    {
        int[] ids = sequence.GetProperty("input_ids").Integers();
        int[]? decoder = sequence.TryGetProperty("decoder_input_ids", out JsonElement given) ? given.Integers() : null;
        int[] labels = sequence.TryGetProperty("labels", out JsonElement all) ? all.Integers() : [.. (decoder ?? ids).Select(_ => -100)];
        return new CaseSequence(ids, labels, decoder);
    }

    /// <summary>Loads a base model, or says that its family is not supported yet.</summary>
    /// <param name="folder">The model folder.</param>
    public static LanguageModel LoadModel(string folder)
    {
        ThrowIfNotYet(folder);
        return LanguageModel.Load(folder);
    }

    /// <summary>Families and options that Graft does not have yet, by name.</summary>
    /// <param name="folder">The model folder.</param>
    public static void ThrowIfNotYet(string folder)
    {
        using JsonDocument config = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "config.json")));
        string? family = config.RootElement.TryGetProperty("model_type", out JsonElement type) ? type.GetString() : null;
        if (family is not null && !ModelFamilies.All.Any(known => known.ModelType == family))
        {
            throw new NotYetException($"model family '{family}'");
        }
    }
}
