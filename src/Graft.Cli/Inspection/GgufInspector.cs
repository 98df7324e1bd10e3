using Graft.Cli.Folders;
using Graft.Formats;
using Graft.Models;

namespace Graft.Cli.Inspection;

/// <summary>GGUF files.</summary>
internal static class GgufInspector
{
    private const int ShownItems = 8;

    /// <summary>Inspects one.</summary>
    public static void Inspect(InspectionReport report, string path)
    {
        report.Kind = "GGUF file";
        report.Fact("file_size", ByteSize.OfFile(path));
        report.Attempt(() =>
        {
            using GgufFile file = GgufFile.Open(path);
            report.Fact("version", (long)file.Version);
            AddText(report, file, "general.architecture", "architecture");
            AddText(report, file, "general.name", "name");
            report.Fact("tensors", file.Tensors.Count);
            report.Fact("elements", file.Tensors.Sum(tensor => tensor.ElementCount));
            report.Fact("size", new ByteSize(file.Tensors.Sum(tensor => tensor.ByteLength)));
            report.Fact("types", new OrderedDictionary<string, object?>(file.Tensors.GroupBy(tensor => tensor.Type).OrderByDescending(group => group.Count())
                .Select(group => KeyValuePair.Create($"{group.Key}", (object?)group.Count()))));
            report.Fact("alignment", (long)file.Alignment);
            AddTables(report, file);
        });
        report.Attempt(() =>
        {
            using LanguageModel model = LanguageModel.Load(path);
            report.Fact("model_type", model.Config.ModelType);
            report.Fact("parameters", model.DistinctWeights().Sum(weight => weight.Slot.Original.Count));
            AddTokenizer(report, path, model.InputEmbedding.VocabularySize);
        });
    }

    private static void AddTokenizer(InspectionReport report, string path, int embeddingRows)
    {
        if (ModelPath.FindTokenizer(path) is not { } tokenizer)
        {
            report.Warn("there is no tokenizer in the metadata: the model can only be used with token ids");
            return;
        }

        report.Fact("tokenizer", $"{tokenizer.VocabularySize:N0} tokens");
        TokenizerInspector.AddSpecialTokens(report, tokenizer);
        if (tokenizer.VocabularySize > embeddingRows)
        {
            report.Problem($"the tokenizer has {tokenizer.VocabularySize:N0} tokens, but the embedding only {embeddingRows:N0} rows: one of them is not of this model");
        }
    }

    private static void AddTables(InspectionReport report, GgufFile file)
    {
        ReportTable metadata = report.Table("metadata", "metadata", "key", "type", "value");
        foreach ((string key, GgufValue value) in file.Metadata)
        {
            metadata.Add(key, value.ElementType is { } element ? $"{value.Type} of {element}" : $"{value.Type}", Value(value));
        }

        ReportTable tensors = report.Table("tensor", "tensors", "name", "dtype", "shape", "bytes");
        foreach (GgufTensor tensor in file.Tensors)
        {
            tensors.Add(tensor.Name, $"{tensor.Type}", tensor.Shape, new ByteSize(tensor.ByteLength));
        }
    }

    private static void AddText(InspectionReport report, GgufFile file, string key, string name)
    {
        if (file.Metadata.TryGetValue(key, out GgufValue? value) && value.Value is string text)
        {
            report.Fact(name, text);
        }
    }

    /// <summary>The value; of a long array its beginning, for vocabularies have a hundred thousand entries.</summary>
    private static object Value(GgufValue value) => value.Value switch
    {
        Array array => $"{array.Length:N0} items: {string.Join(", ", array.Cast<object>().Take(ShownItems).Select(item => item is GgufValue inner ? $"{Value(inner)}" : $"{item}"))}{(array.Length > ShownItems ? ", ..." : string.Empty)}",
        bool flag => flag,
        string text => text,
        float number => (double)number,
        double number => number,
        ulong number => number,
        long number => number,
        IConvertible number => number.ToInt64(System.Globalization.CultureInfo.InvariantCulture),
        _ => $"{value.Value}",
    };
}
