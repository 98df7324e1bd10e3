using Graft.Formats;
using Graft.Tensors;

namespace Graft.Cli.Inspection;

/// <summary>Weight files: safetensors, torch, and the index of several.</summary>
internal static class TensorInspector
{
    private static readonly string[] Columns = ["name", "dtype", "shape", "bytes"];

    /// <summary>Inspects one file, or the files that an index names.</summary>
    public static void Inspect(InspectionReport report, string path, string kind, InspectionOptions options)
    {
        report.Kind = kind;
        report.Fact("file_size", ByteSize.OfFile(path));
        report.Attempt(() =>
        {
            using CheckpointFolder file = CheckpointFolder.OpenFile(path);
            Describe(report, file, report.Table("tensor", "tensors", Columns));
            AddMetadata(report, file);
            if (options.ReadValues)
            {
                ReadValues(report, file);
            }

            string[] unusable = [.. file.Tensors.Values.Select(tensor => tensor.DType).Where(dtype => !dtype.IsWeightType()).Distinct().Select(DTypeNames.Of)];
            if (unusable.Length > 0)
            {
                report.Note($"tensors of {string.Join(", ", unusable)} cannot be weights of a model as they are; float32, bfloat16 and float16 can");
            }
        });
    }

    /// <summary>Counts, sizes and all tensors of a folder that is a model's or an adapter's.</summary>
    public static void Describe(InspectionReport report, CheckpointFolder file) => Describe(report, file, report.DetailTable("tensor", "tensors", Columns));

    private static void Describe(InspectionReport report, CheckpointFolder file, ReportTable table)
    {
        TensorEntry[] tensors = [.. file.Tensors.Values];
        report.Fact("tensors", tensors.Length);
        report.Fact("elements", tensors.Sum(tensor => tensor.ElementCount));
        report.Fact("size", new ByteSize(tensors.Sum(tensor => tensor.ByteLength)));
        report.Fact("dtypes", DTypesOf(tensors));
        int files = tensors.Select(tensor => tensor.FilePath).Distinct(StringComparer.Ordinal).Count();
        if (files > 1)
        {
            report.Fact("files", files);
        }

        foreach (TensorEntry tensor in tensors)
        {
            table.Add(tensor.Name, DTypeNames.Of(tensor.DType), tensor.Shape, new ByteSize(tensor.ByteLength));
        }
    }

    /// <summary>Reads everything; a tensor with values that are not finite is a problem.</summary>
    public static void ReadValues(InspectionReport report, CheckpointFolder file)
    {
        foreach (TensorEntry tensor in file.Tensors.Values)
        {
            long bad = ValueScan.CountNonFinite(tensor);
            if (bad > 0)
            {
                report.Problem($"{tensor.Name} in {tensor.FilePath}: {bad:N0} of {tensor.ElementCount:N0} values are NaN or infinite");
            }
        }
    }

    /// <summary>Types with the number of tensors of each, the most frequent first.</summary>
    private static OrderedDictionary<string, object?> DTypesOf(TensorEntry[] tensors)
        => new(tensors.GroupBy(tensor => tensor.DType).OrderByDescending(group => group.Count()).Select(group => KeyValuePair.Create(DTypeNames.Of(group.Key), (object?)group.Count())));

    private static void AddMetadata(InspectionReport report, CheckpointFolder file)
    {
        ReportTable table = report.Table("metadata", "metadata", "key", "value");
        foreach ((string key, string value) in file.Metadata.OrderBy(entry => entry.Key, StringComparer.Ordinal))
        {
            table.Add(key, value);
        }
    }
}
