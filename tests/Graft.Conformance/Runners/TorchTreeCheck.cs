using System.Numerics;
using System.Text.Json;
using Graft.Formats;

namespace Graft.Conformance;

/// <summary>Compares the object of a torch file with the JSON that the case gives for it.</summary>
internal static class TorchTreeCheck
{
    /// <summary>Values, order and types agree.</summary>
    public static void Compare(string where, JsonElement expected, string path, object? actual)
    {
        switch (actual)
        {
            case TorchTensor tensor:
                Check.Equal($"{where}: tensor", expected.GetProperty("$tensor").GetString(), path);
                Check.Equal($"{where}: is a parameter", Flag(expected, "$parameter"), tensor.IsParameter);
                Check.Equal($"{where}: requires_grad", Flag(expected, "$requires_grad"), tensor.RequiresGrad);
                break;
            case TorchDictionary dictionary:
                CompareDictionary(where, expected, path, dictionary);
                break;
            case TorchList list:
                CompareItems(where, expected, path, list.Items);
                break;
            case TorchTuple tuple:
                CompareItems(where, expected.GetProperty("$tuple"), path, tuple.Items);
                break;
            case TorchSet set:
                Check.Equal(where, expected.GetProperty("$set").GetArrayLength(), set.Items.Count);
                Check.Equal(where, true, expected.GetProperty("$set").EnumerateArray().All(item => set.Items.Any(candidate => Agrees(item, candidate))));
                break;
            default:
                Check.Equal(where, true, Agrees(expected, actual));
                break;
        }
    }

    /// <summary>All tensors with their paths.</summary>
    public static IEnumerable<(string Name, TorchTensor Tensor)> Tensors(object? value, string path) => value switch
    {
        TorchTensor tensor => [(path, tensor)],
        TorchDictionary dictionary => dictionary.Items.SelectMany(item => Tensors(item.Value, Join(path, item.Key))),
        TorchList list => list.Items.SelectMany((item, i) => Tensors(item, Join(path, i))),
        TorchTuple tuple => tuple.Items.SelectMany((item, i) => Tensors(item, Join(path, i))),
        _ => [],
    };

    private static void CompareDictionary(string where, JsonElement expected, string path, TorchDictionary dictionary)
    {
        bool listed = expected.TryGetProperty("$items", out JsonElement items);
        List<(JsonElement? Key, string? Name, JsonElement Value)> wanted = listed
            ? [.. items.EnumerateArray().Select(pair => ((JsonElement?)pair[0], (string?)null, pair[1]))]
            : [.. expected.EnumerateObject().Select(entry => ((JsonElement?)null, (string?)entry.Name, entry.Value))];
        Check.Equal($"{where}: number of keys", wanted.Count, dictionary.Items.Count);
        for (int i = 0; i < wanted.Count; i++)
        {
            (object? key, object? value) = dictionary.Items[i];
            Check.Equal($"{where}: key {i}", true, wanted[i].Key is { } json ? Agrees(json, key) : wanted[i].Name!.Equals(key));
            Compare($"{where}/{key}", wanted[i].Value, Join(path, key), value);
        }
    }

    private static void CompareItems(string where, JsonElement expected, string path, IReadOnlyList<object?> items)
    {
        Check.Equal($"{where}: length", expected.GetArrayLength(), items.Count);
        for (int i = 0; i < items.Count; i++)
        {
            Compare($"{where}/{i}", expected[i], Join(path, i), items[i]);
        }
    }

    private static bool Agrees(JsonElement expected, object? actual) => actual switch
    {
        null => expected.ValueKind == JsonValueKind.Null,
        bool flag => expected.ValueKind == (flag ? JsonValueKind.True : JsonValueKind.False),
        string text => expected.ValueKind == JsonValueKind.String && expected.GetString() == text,
        long or BigInteger => (Special(expected, "$int") ?? (expected.ValueKind == JsonValueKind.Number ? expected.GetRawText() : null)) == actual.ToString(),
        double number when double.IsFinite(number) => expected.ValueKind == JsonValueKind.Number && expected.GetDouble().Equals(number),
        double number => Special(expected, "$float") == (double.IsNaN(number) ? "nan" : number > 0 ? "inf" : "-inf"),
        byte[] bytes => expected.GetProperty("$bytes").EnumerateArray().Select(item => item.GetByte()).SequenceEqual(bytes),
        TorchSize size => expected.GetProperty("$size").EnumerateArray().Select(item => item.GetInt64()).SequenceEqual(size.Sizes),
        TorchDType dtype => Special(expected, "$dtype") == dtype.Name,
        TorchDevice device => Special(expected, "$device") == device.Name,
        TorchTuple tuple => expected.TryGetProperty("$tuple", out JsonElement items) && items.EnumerateArray().Zip(tuple.Items).All(pair => Agrees(pair.First, pair.Second)),
        _ => false,
    };

    private static string? Special(JsonElement expected, string name)
        => expected.ValueKind == JsonValueKind.Object && expected.TryGetProperty(name, out JsonElement value) ? value.GetString() : null;

    private static bool Flag(JsonElement expected, string name) => expected.TryGetProperty(name, out JsonElement value) && value.GetBoolean();

    private static string Join(string path, object? key) => path.Length == 0 ? $"{key}" : $"{path}/{key}";
}
