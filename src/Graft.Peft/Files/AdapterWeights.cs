using Graft.Formats;
using Graft.Models;
using Graft.Tensors;

namespace Graft.Peft;

/// <summary>Fills an adapter from its weight file, and refuses a file that does not fit: every missing, unexpected and misshapen tensor is listed.</summary>
internal static class AdapterWeights
{
    /// <summary>Reads all tensors.</summary>
    /// <param name="file">The open weights.</param>
    /// <param name="adapter">The adapter whose values they are.</param>
    /// <param name="model">The base model.</param>
    /// <returns>The adapter, with parts for embeddings that the file holds besides.</returns>
    /// <exception cref="InvalidDataException">The file does not fit the config and the model.</exception>
    public static Adapter Fill(CheckpointFolder file, Adapter adapter, LanguageModel model)
    {
        Dictionary<string, AdapterParameter> expected = ByKey(adapter.Parameters);
        IReadOnlyList<AdapterPart> embeddings = SavedEmbeddings.Create(file, model, expected);
        foreach ((string key, AdapterParameter parameter) in ByKey(embeddings.SelectMany(part => part.Parameters)))
        {
            expected.Add(key, parameter);
        }

        var byName = new Dictionary<string, TensorEntry>(StringComparer.Ordinal);
        var problems = new List<string>();
        foreach ((string key, TensorEntry entry) in file.Tensors)
        {
            // Old files may still carry the adapter's own name in their keys.
            string name = expected.ContainsKey(key) ? key : adapter.Parameters.FirstOrDefault(parameter => parameter.LiveName == key)?.Key ?? key;
            if (!expected.TryGetValue(name, out AdapterParameter? parameter))
            {
                problems.Add($"unexpected: {key} {Shape(entry.Shape)}{Hint(key, expected.Keys)}");
            }
            else if (!entry.Shape.SequenceEqual(parameter.Shape.Select(size => (long)size)))
            {
                problems.Add($"wrong shape: {key} is {Shape(entry.Shape)} in the file, {AdapterConfig.FileName} and the model ask for {Shape(parameter.Shape)}");
                byName[name] = entry;
            }
            else
            {
                byName[name] = entry;
            }
        }

        problems.AddRange(expected
            .Where(pair => pair.Key == pair.Value.Key && !byName.ContainsKey(pair.Key))
            .Select(pair => $"missing: {pair.Key} {Shape(pair.Value.Shape)}"));
        if (problems.Count > 0)
        {
            throw WeightMismatch.Error($"{file.Path}: the weights do not fit {AdapterConfig.FileName} and the base model", problems);
        }

        foreach (AdapterParameter parameter in adapter.Parameters.Concat(embeddings.SelectMany(part => part.Parameters)))
        {
            TensorEntry entry = byName[parameter.Aliases.Prepend(parameter.Key).Last(byName.ContainsKey)];
            float[] values = entry.ToSingles();
            StoredValues.Write(parameter.Parameter, 0, parameter.IsTransposed ? LowRankProduct.Transpose(values, parameter.Shape[0], parameter.Shape[1]) : values);
        }

        return embeddings.Count == 0 ? adapter : new Adapter(adapter.Name, adapter.Config, [.. embeddings, .. adapter.Parts]);
    }

    private static Dictionary<string, AdapterParameter> ByKey(IEnumerable<AdapterParameter> parameters)
    {
        var byKey = new Dictionary<string, AdapterParameter>(StringComparer.Ordinal);
        foreach (AdapterParameter parameter in parameters)
        {
            foreach (string key in parameter.Aliases.Prepend(parameter.Key))
            {
                byKey.Add(key, parameter);
            }
        }

        return byKey;
    }

    private static string Hint(string key, IEnumerable<string> expected)
    {
        int prefix = key.IndexOf(AdapterParameter.Prefix, StringComparison.Ordinal);
        return prefix > 0
            ? $": keys must begin with '{AdapterParameter.Prefix}', rename them without '{key[..prefix]}'"
            : prefix < 0 && key.Contains("_orig_mod.", StringComparison.Ordinal)
                ? ": '_orig_mod.' is left over from torch.compile, remove it from the keys"
                : prefix < 0 ? $": keys must begin with '{AdapterParameter.Prefix}'" : NearestName.Suggestion(key, expected);
    }

    private static string Shape<T>(IEnumerable<T> dimensions) => $"[{string.Join(", ", dimensions)}]";
}
